package loganalyticstest

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// store holds the workspace's tables.
type store struct {
	workspace string

	mu     sync.Mutex
	parser *enrich.ObjectParser
	tables map[string]*table
	count  int // rows so far: the next row's id
}

func newStore(workspace string) *store {
	return &store{workspace: workspace, parser: enrich.NewObjectParser(schema.TypeOf), tables: map[string]*table{}}
}

// table holds rows by ingestion time. A slice that was handed out is never changed.
type table struct {
	name    string
	columns []kql.Column
	index   map[string]int
	rows    []*row
	sorted  bool
	shapes  map[*enrich.Columns]*shape
}

// shape says where in a row's cells each column of the table lies, or -1.
type shape struct{ at []int }

type row struct {
	shape    *shape
	text     []byte // cells in the wire format
	cells    []enrich.Span
	ingested time.Time
	visible  time.Time
	id       string
}

func (r *row) Ingested() time.Time { return r.ingested }

func (r *row) Cell(i int) []byte {
	if i >= len(r.shape.at) || r.shape.at[i] < 0 {
		return nil
	}
	span := r.cells[r.shape.at[i]]
	return r.text[span.Start:span.End]
}

// Create makes an empty table. Until then, or until its first row, a query for it is refused, as in a new workspace.
func (s *Server) Create(table string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.table(table)
}

// Drop removes a table and its rows.
func (s *Server) Drop(table string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.tables, table)
}

// Add puts rows, each a JSON object with dynamic columns as objects or as text, into a table. They are there for
// queries once the clock has reached their ingestion time.
func (s *Server) Add(table string, ingested time.Time, rows ...[]byte) error {
	return s.AddLate(table, ingested, ingested, rows...)
}

// AddLate is Add for rows that a query sees only from a later time on, though their ingestion time is earlier.
func (s *Server) AddLate(table string, ingested, visible time.Time, rows ...[]byte) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.add(table, ingested, visible, rows)
}

// AddNow is Add for rows that are ingested at this moment of the clock, which it returns. A query sees them or began before
// them: a reader that follows the clock can't have passed their time, as it can that of an Add that was prepared before.
func (s *Server) AddNow(table string, rows ...[]byte) (ingested time.Time, err error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	ingested = s.options.Now().UTC()
	return ingested, s.add(table, ingested, ingested, rows)
}

// add puts rows into a table; the store is locked.
func (s *Server) add(table string, ingested, visible time.Time, rows [][]byte) error {
	for i, r := range rows {
		if err := s.store.add(table, ingested, visible, r); err != nil {
			return fmt.Errorf("add row %d to %s: %w", i, table, err)
		}
	}
	return nil
}

// Load adds the rows of NDJSON text, one a line with its table in "Type"; ingested says when a row that happened
// at a given time arrived, nil that it was at once.
func (s *Server) Load(r io.Reader, ingested func(table string, happened time.Time) time.Time) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 32<<20)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		line := slices.Clone(lines.Bytes())
		s.store.mu.Lock()
		name, _, parsed, err := s.store.parser.Parse(line)
		s.store.mu.Unlock()
		if err == nil && name == "" {
			err = errors.New(`no table in "Type"`)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		at := enrich.NewEvent(name, parsed).Time
		if ingested != nil {
			at = ingested(name, at)
		}
		if err := s.Add(name, at, line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	return nil
}

// Rows is how many rows a table holds, those included that no query sees yet.
func (s *Server) Rows(table string) int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if t := s.store.tables[table]; t != nil {
		return len(t.rows)
	}
	return 0
}

func (s *store) table(name string) *table {
	if t := s.tables[name]; t != nil {
		return t
	}
	t := &table{name: name, index: map[string]int{}, shapes: map[*enrich.Columns]*shape{}, sorted: true}
	known, ok := schema.Lookup(name)
	if ok {
		for _, c := range known.Columns {
			// A table whose columns are made up has those of Azure itself from the start, the others with the first row.
			if !known.Guessed || !madeUp(c.Name) {
				t.column(c.Name, c.Type, c.Hidden)
			}
		}
	}
	for _, c := range []kql.Column{
		{Name: "TimeGenerated", Type: enrich.Datetime},
		{Name: "TenantId", Type: enrich.String},
		{Name: "Type", Type: enrich.String},
		{Name: "_ItemId", Type: enrich.String, Hidden: true},
		{Name: "_TimeReceived", Type: enrich.Datetime, Hidden: true},
	} {
		t.column(c.Name, c.Type, c.Hidden)
	}
	s.tables[name] = t
	return t
}

// madeUp reports whether a column's name ends in a type's letter, as those do that the service makes up.
func madeUp(name string) bool {
	n := len(name)
	return n > 2 && name[n-2] == '_' && slices.Contains([]byte("sdbgt"), name[n-1])
}

// column is the place of a column, which is added when it is new.
func (t *table) column(name string, typ enrich.Type, hidden bool) int {
	if i, ok := t.index[name]; ok {
		return i
	}
	t.index[name] = len(t.columns)
	t.columns = append(t.columns, kql.Column{Name: name, Type: typ, Hidden: hidden})
	return len(t.columns) - 1
}

// add encodes a row once, so that queries only copy.
func (s *store) add(name string, ingested, visible time.Time, object []byte) error {
	_, _, parsed, err := s.parser.Parse(withTable(object, name))
	if err != nil {
		return err
	}
	t := s.table(name)
	s.count++
	r := &row{ingested: ingested.UTC().Truncate(100 * time.Nanosecond), visible: visible, shape: t.shape(&parsed)}
	columns := parsed.Columns()
	for i := range columns.Len() {
		typ := t.columns[t.index[columns.Name(i)]].Type
		r.put(appendWire(r.text, typ, parsed.Cell(i)))
	}
	if r.id = parsed.Text("_ItemId"); r.id == "" {
		r.id = itemID(name, s.count)
	}
	r.put(enrich.AppendString(r.text, r.id))
	r.put(enrich.AppendString(r.text, kql.FormatTime(r.ingested)))
	r.put(enrich.AppendString(r.text, s.workspace))
	if n := len(t.rows); n > 0 && byIngestion(t.rows[n-1], r) > 0 {
		t.sorted = false
	}
	t.rows = append(t.rows, r)
	return nil
}

// put takes text, which is r.text with one more cell, as the row's text.
func (r *row) put(text []byte) {
	r.cells = append(r.cells, enrich.Span{Start: uint32(len(r.text)), End: uint32(len(text))})
	r.text = text
}

// typeOf is the type of a column whose first cell comes: the one that is declared; otherwise, as when a workspace's owner makes a
// column, by the end of its name, or what the cell is.
func (t *table) typeOf(columns *enrich.Columns, i int, cell []byte) enrich.Type {
	name := columns.Name(i)
	if known, ok := schema.Lookup(t.name); ok {
		if _, declared := known.Column(name); declared || known.Guessed {
			return columns.Type(i)
		}
	}
	if typ, ok := schema.SuffixType(name); ok {
		return typ
	}
	switch {
	case len(cell) == 0 || cell[0] == '"' || cell[0] == 'n':
		return enrich.String
	case cell[0] == '{' || cell[0] == '[':
		return enrich.Dynamic
	case cell[0] == 't' || cell[0] == 'f':
		return enrich.Bool
	}
	return enrich.Real
}

// shape finds where the cells of rows with the given columns lie; behind them come the item id, the time of
// arrival and the workspace, which the service adds.
func (t *table) shape(parsed *enrich.Row) *shape {
	columns := parsed.Columns()
	if known := t.shapes[columns]; known != nil {
		return known
	}
	sh := &shape{}
	places := make([]int, columns.Len())
	for i := range places {
		places[i] = t.column(columns.Name(i), t.typeOf(columns, i, parsed.Cell(i)), columns.Name(i)[:1] == "_")
	}
	sh.at = slices.Repeat([]int{-1}, len(t.columns))
	for i, place := range places {
		sh.at[place] = i
	}
	sh.at[t.index["_ItemId"]] = columns.Len()
	for k, name := range []string{"_TimeReceived", "TenantId"} {
		if place := t.index[name]; sh.at[place] < 0 {
			sh.at[place] = columns.Len() + 1 + k
		}
	}
	t.shapes[columns] = sh
	return sh
}

// itemID is the same for the same row of the same table in each run.
func itemID(table string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", table, n))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func byIngestion(a, b *row) int {
	return cmp.Or(a.ingested.Compare(b.ingested), cmp.Compare(a.id, b.id))
}

// snapshot is the store at one instant, as a query sees it.
type snapshot struct {
	store *store
	now   time.Time
}

// Table finds a table that a row was ever added to, or that was created.
func (s snapshot) Table(name string) (kql.Table, bool) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	t := s.store.tables[name]
	if t == nil {
		return nil, false
	}
	if !t.sorted {
		t.rows = slices.Clone(t.rows) // queries may be reading the old order
		slices.SortStableFunc(t.rows, byIngestion)
		t.sorted = true
	}
	return view{t.columns[:len(t.columns):len(t.columns)], t.rows[:len(t.rows):len(t.rows)], s.now}, true
}

// view is a table at one instant.
type view struct {
	columns []kql.Column
	rows    []*row
	now     time.Time
}

func (v view) Columns() []kql.Column { return v.columns }

func (v view) Rows(from, to time.Time) iter.Seq[kql.Row] {
	return func(yield func(kql.Row) bool) {
		start, _ := slices.BinarySearchFunc(v.rows, from, func(r *row, t time.Time) int {
			if r.ingested.Before(t) {
				return -1
			}
			return 1
		})
		for _, r := range v.rows[start:] {
			if !to.IsZero() && !r.ingested.Before(to) {
				return
			}
			if !r.visible.After(v.now) && !yield(r) {
				return
			}
		}
	}
}
