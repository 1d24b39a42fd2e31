package loganalytics

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	batchEvents = 512
	batchBytes  = 1 << 20
	// cellBlock is for how many rows the places of cells are allocated at once.
	cellBlock = 64
)

// errStale says that the rows up to a mark aren't those that were delivered.
var errStale = errors.New("the rows before the mark have changed")

// deliverError carries an error of deliver through azquery.
type deliverError struct{ error }

// batcher makes events of rows and batches of events.
type batcher struct {
	table   string
	deliver func(pipeline.Batch) error

	// skip is the mark that the reading starts from, nil for the window's beginning. Its rows were delivered before.
	skip    *mark
	skipped int
	at      mark // the last row
	unsure  bool // the order was broken: no more marks

	look  func(names []string, types []enrich.Type, at time.Time) // told of the columns with the first row; may be nil
	names []string
	types []enrich.Type

	columns                *enrich.Columns
	keep                   []int // which cells of the reply the events have
	time, ingested, itemID int
	typeCell               string // what a row gets as Type, "" when the reply has the column
	copied                 bool   // rows are results of a search job, which say in another column when they happened

	events []enrich.Event
	runs   []pipeline.Run // of events
	fresh  bool           // nothing was delivered, and the reading began at the window's beginning
	bytes  int
	cells  []enrich.Span
	same   map[string]int // how often a row without id was there at this time of ingestion

	delivered int
}

func newBatcher(table string, w pipeline.Window, from mark, deliver func(pipeline.Batch) error) *batcher {
	b := &batcher{table: table, deliver: deliver, at: mark{from: w.From, slot: w.Slot, slots: w.Slots}}
	if !from.at.IsZero() {
		b.skip, b.at = &from, from
	}
	b.fresh = b.skip == nil
	return b
}

func (b *batcher) begin(names []string, types []enrich.Type) error {
	b.time = slices.Index(names, timeColumn)
	b.ingested, b.itemID = slices.Index(names, ingestedColumn), slices.Index(names, itemColumn)
	if b.time < 0 || b.ingested < 0 || b.itemID < 0 {
		return fmt.Errorf("reply lacks %s, %s or %s, which the query asks for", timeColumn, ingestedColumn, itemColumn)
	}
	own := map[string]string{} // the names of columns that the query added under another one
	for _, column := range resourceColumns(b.table) {
		own[added(column)] = column
	}
	var keptNames []string
	var keptTypes []enrich.Type
	for i, name := range names {
		if column, ok := own[name]; ok && !slices.Contains(names, column) {
			name = column
		}
		if i != b.ingested && i != b.itemID {
			b.keep = append(b.keep, i)
			keptNames, keptTypes = append(keptNames, name), append(keptTypes, types[i])
		}
	}
	if !slices.Contains(names, "Type") {
		b.typeCell = string(enrich.AppendString(nil, b.table))
		keptNames, keptTypes = append(keptNames, "Type"), append(keptTypes, enrich.String)
	}
	b.copied = slices.Contains(names, enrich.OriginalTimeColumn)
	b.columns, b.names, b.types = enrich.NewColumns(keptNames, keptTypes), keptNames, keptTypes
	return nil
}

func (b *batcher) row(text []byte, cells []enrich.Span, original []byte) error {
	at, err := parseTime(text, cells[b.ingested])
	if err != nil {
		return fmt.Errorf("read %s: %w", ingestedColumn, err)
	}
	item, err := parseText(text, cells[b.itemID])
	if err != nil {
		return fmt.Errorf("read %s: %w", itemColumn, err)
	}
	if b.look != nil {
		b.look(b.names, b.types, at)
		b.look = nil
	}
	if done, err := b.seen(at, item); done || err != nil {
		return err
	}
	if !at.Equal(b.at.at) {
		clear(b.same)
	}
	b.unsure = !b.at.advance(at, item) || item == "" || b.unsure
	e := b.event(text, cells, at, item)
	e.Row = e.WithOriginal(original)
	return b.add(e, at)
}

// seen reports whether a row was delivered before the mark.
func (b *batcher) seen(at time.Time, item string) (bool, error) {
	if b.skip == nil {
		return false, nil
	}
	if at.Equal(b.skip.at) && item <= b.skip.item {
		b.skipped++
		return true, nil
	}
	return false, b.passed()
}

// passed checks, when the reading has passed the mark, that as many rows were skipped as the mark says.
func (b *batcher) passed() error {
	if b.skip != nil && b.skipped != b.skip.within {
		return errStale
	}
	b.skip = nil
	return nil
}

func parseTime(text []byte, cell enrich.Span) (t time.Time, err error) {
	if cell.End-cell.Start < 2 || text[cell.Start] != '"' {
		return t, fmt.Errorf("%s is no time", text[cell.Start:cell.End])
	}
	err = t.UnmarshalText(text[cell.Start+1 : cell.End-1])
	return t.UTC(), err
}

// parseText decodes a string; null is "".
func parseText(text []byte, cell enrich.Span) (string, error) {
	quoted := text[cell.Start:cell.End]
	if string(quoted) == "null" {
		return "", nil
	}
	s, err := enrich.Unquote(quoted)
	return string(s), err
}

func (b *batcher) event(text []byte, cells []enrich.Span, at time.Time, item string) enrich.Event {
	e := enrich.Event{ID: item, Table: b.table}
	e.Row = b.strip(text, cells)
	e.Time = b.happened(text, cells, &e.Row, at)
	if e.ID == "" {
		e.ID = b.id(&e.Row, at)
	}
	return e
}

// happened is the time of a row that was taken in at the given time, which stands for one that isn't there. One that can't be read
// is zero.
func (b *batcher) happened(text []byte, cells []enrich.Span, row *enrich.Row, ingested time.Time) time.Time {
	cell := cells[b.time]
	if t, err := parseTime(text, cell); err == nil && !b.copied && t.After(time.Unix(0, 0)) {
		return t
	}
	if string(text[cell.Start:cell.End]) == "null" && !b.copied {
		return ingested
	}
	t, _ := enrich.HappenedAt(row)
	return t
}

// strip is the row without the columns that the query added, and with Type.
func (b *batcher) strip(text []byte, cells []enrich.Span) enrich.Row {
	n := b.columns.Len()
	if cap(b.cells)-len(b.cells) < n {
		b.cells = make([]enrich.Span, 0, n*cellBlock)
	}
	start := len(b.cells)
	for _, i := range b.keep {
		b.cells = append(b.cells, cells[i])
	}
	if b.typeCell != "" {
		end := len(text)
		text = append(slices.Clip(text), b.typeCell...)
		b.cells = append(b.cells, enrich.Span{Start: uint32(end), End: uint32(len(text))})
	}
	return enrich.NewRow(b.columns, text, b.cells[start:len(b.cells):len(b.cells)])
}

// id names a row without _ItemId by its content, when it was ingested, and how many like it there were at that time.
// The number isn't counted over the whole window, because the halves of a window have to give the same ids.
func (b *batcher) id(row *enrich.Row, at time.Time) string {
	digest := row.Digest()
	if b.same == nil {
		b.same = map[string]int{}
	}
	n := b.same[digest]
	b.same[digest]++
	id := digest + "-" + strconv.FormatInt(at.UnixNano()/int64(tick), 36)
	if n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

func (b *batcher) add(e enrich.Event, ingested time.Time) error {
	if b.events == nil && b.delivered > 0 { // a first batch may stay small
		b.events = make([]enrich.Event, 0, batchEvents)
	}
	b.events = append(b.events, e)
	if minute := ingested.Truncate(time.Minute); len(b.runs) == 0 || !b.runs[len(b.runs)-1].Minute.Equal(minute) {
		b.runs = append(b.runs, pipeline.Run{Minute: minute, Rows: 1})
	} else {
		b.runs[len(b.runs)-1].Rows++
	}
	b.bytes += e.Size()
	if len(b.events) >= batchEvents || b.bytes >= batchBytes {
		return b.flush()
	}
	return nil
}

// flush delivers what is there.
func (b *batcher) flush() error {
	if len(b.events) == 0 {
		return nil
	}
	batch := pipeline.Batch{Events: b.events, Runs: b.runs, Fresh: b.fresh}
	if !b.unsure {
		batch.Next = b.at.encode()
	}
	b.delivered += len(b.events)
	b.events, b.runs, b.bytes, b.fresh = nil, nil, 0, false // they belong to deliver now
	if err := b.deliver(batch); err != nil {
		return &deliverError{err}
	}
	return nil
}
