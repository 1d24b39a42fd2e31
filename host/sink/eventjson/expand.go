package eventjson

import (
	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Shape is how the columns of an event are written. The zero value is that of [Append].
type Shape struct {
	// ExpandJSON opens the JSON text in columns that have objects under the same name in another table ([schema.ObjectTexts]), so
	// that a receiver that keeps all tables in one index meets one type under one name. Text that isn't an object or array stays text.
	ExpandJSON bool
}

// Append is the function [Append] for events of this shape.
func (s Shape) Append(dst []byte, e *enrich.Event) ([]byte, error) {
	if !s.ExpandJSON {
		return Append(dst, e)
	}
	return appendEvent(dst, e, schema.ObjectTexts(e.Table))
}

// Shorten is the function [Shorten] for events of this shape. What it returns can be written with or without it.
func (s Shape) Shorten(e *enrich.Event, excess int) (enrich.Event, bool) {
	if s.ExpandJSON {
		open := s.opened(e)
		e = &open
	}
	return Shorten(e, excess)
}

// opened is the event with the columns opened that Append opens, so that their sizes are those that are written.
func (s Shape) opened(e *enrich.Event) enrich.Event {
	columns := e.Columns()
	if columns == nil {
		return *e
	}
	texts := schema.ObjectTexts(e.Table)
	cells := make([][]byte, columns.Len())
	for i := range cells {
		if cells[i] = e.Cell(i); texts[columns.Name(i)] {
			cells[i] = enrich.Expand(cells[i])
		}
	}
	open := *e
	open.Row = rebuild(columns, cells)
	return open
}
