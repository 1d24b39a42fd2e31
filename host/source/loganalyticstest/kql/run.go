package kql

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Column is a column of a table or of a result.
type Column struct {
	Name   string
	Type   enrich.Type
	Hidden bool // not in a result unless the query names it
}

// Row is one row of a table.
type Row interface {
	// Cell is column i of the table in the wire format, nil when the row has none.
	Cell(i int) []byte
	// Ingested is what ingestion_time() says.
	Ingested() time.Time
}

// Table is what a query reads.
type Table interface {
	Columns() []Column
	// Rows returns the rows ingested from `from` on and before `to`, in the order of ingestion. A zero time is no bound.
	Rows(from, to time.Time) iter.Seq[Row]
}

// Database finds tables by name.
type Database interface {
	Table(name string) (Table, bool)
}

// Result is what a query answers. Its rows are computed while they are asked for.
type Result struct {
	Columns []Column
	out     []column
	rows    iter.Seq[*record]
}

// Rows returns the rows, each as a JSON array in the wire format: dynamic cells as JSON in a string, times with
// seven digits. A row is good until the next one.
func (r *Result) Rows() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var line []byte
		for rec := range r.rows {
			line = append(line[:0], '[')
			for i := range r.out {
				if i > 0 {
					line = append(line, ',')
				}
				line = r.out[i].appendCell(line, rec)
			}
			if line = append(line, ']'); !yield(line) {
				return
			}
		}
	}
}

func (c *column) appendCell(dst []byte, rec *record) []byte {
	if !c.base {
		return rec.extra[c.index].appendJSON(dst)
	}
	if cell := rec.row.Cell(c.index); cell != nil {
		return append(dst, cell...)
	}
	return nullOf(c.typ).appendJSON(dst)
}

// Run answers the query from db. The error is a *SemanticError.
func (q *Query) Run(db Database) (*Result, error) {
	s := &scope{rows: true}
	rows, err := s.scan(q, db)
	for i := 0; err == nil && i < len(q.steps); i++ {
		s.op = q.steps[i].op
		rows, err = s.step(q.steps[i], rows)
	}
	if err != nil {
		return nil, err
	}
	r := &Result{rows: rows}
	for _, c := range s.columns {
		if !c.hidden {
			r.out = append(r.out, c)
			r.Columns = append(r.Columns, Column{Name: c.name, Type: c.typ})
		}
	}
	return r, nil
}

// scan reads the table, as little of it as the conditions on ingestion time allow.
func (s *scope) scan(q *Query, db Database) (iter.Seq[*record], error) {
	table, ok := db.Table(q.source)
	if !ok {
		return nil, s.fail(unresolved, "Failed to resolve table or column expression named '%s'", q.source)
	}
	for i, c := range table.Columns() {
		s.columns = append(s.columns, column{c.Name, c.Type, c.Hidden, true, i})
	}
	from, to := ingestionBounds(q.steps)
	return func(yield func(*record) bool) {
		for row := range table.Rows(from, to) {
			// The pipe is compiled by the time rows flow, so all extra values are known.
			if !yield(&record{row, make([]value, s.extras)}) {
				return
			}
		}
	}, nil
}

func (s *scope) step(st step, rows iter.Seq[*record]) (iter.Seq[*record], error) {
	switch st.op {
	case "where":
		return s.where(st.exprs[0].node, rows)
	case "extend":
		return s.extend(st.exprs, rows, false)
	case "project":
		return s.extend(st.exprs, rows, true)
	case "sort":
		return s.sort(st, rows)
	case "take":
		return take(st.limit, rows), nil
	}
	return s.summarize(st, rows)
}

func (s *scope) where(n node, rows iter.Seq[*record]) (iter.Seq[*record], error) {
	condition, err := s.compile(n)
	if err != nil {
		return nil, err
	}
	if condition.typ != enrich.Bool && condition.typ != enrich.Dynamic {
		return nil, s.fail(wrongArguments, "the condition is of type %s, not bool", condition.typ)
	}
	return func(yield func(*record) bool) {
		for r := range rows {
			if condition.eval(r).scalar().isTrue() && !yield(r) {
				return
			}
		}
	}, nil
}

// extend adds columns, or, for project, replaces all columns by those of the list.
func (s *scope) extend(list []named, rows iter.Seq[*record], replace bool) (iter.Seq[*record], error) {
	type slot struct {
		at int
		expr
	}
	var computed []slot
	var added []column
	for i, n := range list {
		if id, ok := n.node.(name); ok && (n.name == "" || replace) {
			c, found := s.find(id.id)
			if !found {
				return nil, s.fail(unresolved, "Failed to resolve column or scalar expression named '%s'", id.id)
			}
			c.hidden = false
			if n.name != "" {
				c.name = n.name
			}
			added = append(added, c)
			continue
		}
		e, err := s.compile(n.node)
		if err != nil {
			return nil, err
		}
		added = append(added, column{name: columnName(n, i), typ: e.typ, index: s.extras})
		computed = append(computed, slot{s.extras, e})
		s.extras++
	}
	if replace {
		s.columns = nil
	}
	s.define(added)
	if len(computed) == 0 {
		return rows, nil
	}
	return func(yield func(*record) bool) {
		for r := range rows {
			for _, c := range computed {
				r.extra[c.at] = c.eval(r)
			}
			if !yield(r) {
				return
			}
		}
	}, nil
}

// define puts columns into the scope; one that is there already is replaced where it stands.
func (s *scope) define(added []column) {
	s.columns = slices.Clone(s.columns)
	for _, c := range added {
		if i := slices.IndexFunc(s.columns, func(o column) bool { return o.name == c.name }); i >= 0 {
			s.columns[i] = c
		} else {
			s.columns = append(s.columns, c)
		}
	}
}

func columnName(n named, i int) string {
	if n.name != "" {
		return n.name
	}
	if made := columnOf(n.node); made != "" {
		return made
	}
	return fmt.Sprintf("Column%d", i+1)
}

func take(n int, rows iter.Seq[*record]) iter.Seq[*record] {
	return func(yield func(*record) bool) {
		left := n
		if left <= 0 {
			return
		}
		for r := range rows {
			if left--; !yield(r) || left == 0 {
				return
			}
		}
	}
}

// sort orders rows. Nulls come first when ascending and last when descending, as in Kusto.
func (s *scope) sort(st step, rows iter.Seq[*record]) (iter.Seq[*record], error) {
	nodes := make([]node, len(st.exprs))
	for i := range st.exprs {
		nodes[i] = st.exprs[i].node
	}
	keys, err := s.all(nodes)
	if err != nil {
		return nil, err
	}
	type sortable struct {
		keys []value
		rec  *record
	}
	compare := func(a, b sortable) int {
		for i := range a.keys {
			if c := order(a.keys[i], b.keys[i]); c != 0 {
				if st.down[i] {
					return -c
				}
				return c
			}
		}
		return 0
	}
	return func(yield func(*record) bool) {
		var list []sortable
		for r := range rows {
			k := make([]value, len(keys))
			for i := range keys {
				k[i] = keys[i].eval(r)
			}
			list = append(list, sortable{k, r})
		}
		if !slices.IsSortedFunc(list, compare) {
			slices.SortStableFunc(list, compare)
		}
		for _, e := range list {
			if !yield(e.rec) {
				return
			}
		}
	}, nil
}
