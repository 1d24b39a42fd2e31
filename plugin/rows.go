package plugin

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	rulemodulev1 "github.com/riskrelay/riskrelay/plugin/proto/rulemodule/v1"
)

// Bounds of one TagRequest. 512 events cost each a thirtieth of what a call for one costs, and more gain nothing; 2 MiB
// keep below the 4 MB that gRPC servers in other languages take by default.
const (
	maxEvents = 512
	maxCells  = 2 << 20
)

// shapeKey tells shapes apart within one request.
type shapeKey struct {
	table   string
	columns *enrich.Columns
}

// projection is a shape that is in the request and which of a row's cells go with it.
type projection struct {
	place uint32
	cells []int
}

// encoder fills one request.
type encoder struct {
	wanted  []string // columns to send, all when empty
	request *rulemodulev1.TagRequest
	shapes  map[shapeKey]projection
	cells   []byte   // of all events
	lengths []uint32 // of all events
}

// toEvents returns a request with as many of events, from the first, as go into one, but at least one, and their
// number. Only the wanted columns are in it.
func toEvents(events []enrich.Event, wanted []string) (request *rulemodulev1.TagRequest, n int) {
	events = events[:min(len(events), maxEvents)]
	e := encoder{wanted: wanted, request: &rulemodulev1.TagRequest{}, shapes: map[shapeKey]projection{}}
	slab := make([]rulemodulev1.Event, len(events))
	e.request.Events = make([]*rulemodulev1.Event, 0, len(events))
	for n < len(events) && (n == 0 || len(e.cells) < maxCells) {
		e.fill(&slab[n], &events[n])
		if n == 0 { // the others are likely to be as large
			e.grow(len(events) - 1)
		} else if len(e.cells) > maxCells {
			break // the next request takes it
		}
		e.request.Events = append(e.request.Events, &slab[n])
		n++
	}
	return e.request, n
}

// grow makes room for n more events like the one that is there.
func (e *encoder) grow(n int) {
	size := len(e.cells) + len(e.cells)/8 + 16
	e.cells = slices.Grow(e.cells, min(size*n, maxCells))
	e.lengths = slices.Grow(e.lengths, len(e.lengths)*n)
}

func (e *encoder) fill(to *rulemodulev1.Event, from *enrich.Event) {
	p := e.shape(from)
	to.Id, to.Shape = valid(from.ID), p.place
	to.Seconds, to.Nanos = from.Time.Unix(), int32(from.Time.Nanosecond())
	cells, lengths := len(e.cells), len(e.lengths)
	for _, i := range p.cells {
		cell := from.Cell(i)
		e.cells = append(e.cells, cell...)
		e.lengths = append(e.lengths, uint32(len(cell)))
	}
	to.Cells, to.Lengths = e.cells[cells:len(e.cells):len(e.cells)], e.lengths[lengths:len(e.lengths):len(e.lengths)]
}

// shape returns the projection for the event's row, and puts its shape into the request when it is a new one.
func (e *encoder) shape(event *enrich.Event) projection {
	key := shapeKey{event.Table, event.Columns()}
	if p, ok := e.shapes[key]; ok {
		return p
	}
	p := projection{place: uint32(len(e.request.Shapes)), cells: e.project(key.columns)}
	shape := &rulemodulev1.Shape{Table: valid(event.Table)}
	for _, i := range p.cells {
		shape.Columns = append(shape.Columns,
			&rulemodulev1.Column{Name: valid(key.columns.Name(i)), Type: valid(string(key.columns.Type(i)))})
	}
	e.request.Shapes = append(e.request.Shapes, shape)
	e.shapes[key] = p
	return p
}

// project returns the places of the columns to send.
func (e *encoder) project(columns *enrich.Columns) (places []int) {
	if columns == nil {
		return nil
	}
	if len(e.wanted) == 0 {
		for i := range columns.Len() {
			places = append(places, i)
		}
		return places
	}
	for _, name := range e.wanted {
		if i, ok := columns.Index(name); ok && !slices.Contains(places, i) {
			places = append(places, i)
		}
	}
	return places
}

// maxShapes bounds what shapes remembers, should every request have others.
const maxShapes = 4096

// shapes makes rows of one shape share their columns over all requests, as rows that were never on the wire do: a
// module may keep what it learned about columns. The zero value is ready.
type shapes struct {
	mu    sync.Mutex
	known map[string]*enrich.Columns
}

func (s *shapes) columns(shape *rulemodulev1.Shape) (*enrich.Columns, error) {
	key := fmt.Appendf(nil, "%q", shape.GetTable())
	for _, c := range shape.GetColumns() {
		key = fmt.Appendf(key, " %q %q", c.GetName(), c.GetType())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.known[string(key)]; c != nil {
		return c, nil
	}
	var names []string
	var types []enrich.Type
	seen := map[string]bool{}
	for _, c := range shape.GetColumns() {
		if seen[c.GetName()] {
			return nil, fmt.Errorf("shape of table %q has the column %q twice", shape.GetTable(), c.GetName())
		}
		seen[c.GetName()] = true
		names, types = append(names, c.GetName()), append(types, enrich.Type(c.GetType()))
	}
	if s.known == nil || len(s.known) >= maxShapes {
		s.known = map[string]*enrich.Columns{}
	}
	c := enrich.NewColumns(names, types)
	s.known[string(key)] = c
	return c, nil
}

// fromEvents returns the events of a request, or what is wrong with it.
func (s *shapes) fromEvents(request *rulemodulev1.TagRequest) ([]enrich.Event, error) {
	columns := make([]*enrich.Columns, len(request.GetShapes()))
	for i, shape := range request.GetShapes() {
		var err error
		if columns[i], err = s.columns(shape); err != nil {
			return nil, err
		}
	}
	events := make([]enrich.Event, len(request.GetEvents()))
	for i, from := range request.GetEvents() {
		if int(from.GetShape()) >= len(columns) {
			return nil, fmt.Errorf("event %d has shape %d of %d", i, from.GetShape(), len(columns))
		}
		spans, err := spansOf(from, columns[from.GetShape()].Len())
		if err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
		events[i] = enrich.Event{
			ID: from.GetId(), Time: time.Unix(from.GetSeconds(), int64(from.GetNanos())).UTC(),
			Table: request.GetShapes()[from.GetShape()].GetTable(),
			Row:   enrich.NewRow(columns[from.GetShape()], from.GetCells(), spans),
		}
	}
	return events, nil
}

func spansOf(event *rulemodulev1.Event, columns int) ([]enrich.Span, error) {
	lengths := event.GetLengths()
	if len(lengths) != columns {
		return nil, fmt.Errorf("%d cells for %d columns", len(lengths), columns)
	}
	spans := make([]enrich.Span, columns)
	var at uint64
	for i, n := range lengths {
		end := at + uint64(n)
		if end > uint64(len(event.GetCells())) {
			return nil, fmt.Errorf("cell %d ends at byte %d of %d", i, end, len(event.GetCells()))
		}
		spans[i] = enrich.Span{Start: uint32(at), End: uint32(end)}
		at = end
	}
	if at != uint64(len(event.GetCells())) {
		return nil, fmt.Errorf("%d bytes of cells have no column", uint64(len(event.GetCells()))-at)
	}
	return spans, nil
}
