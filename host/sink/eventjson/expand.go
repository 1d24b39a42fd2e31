package eventjson

import (
	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// Shape is how the columns of an event are written. The zero value is that of [Append].
type Shape struct {
	// Records writes events of tables that have diagnostic records as those; nil writes all as their columns.
	Records *shape.Writer
	// ExpandJSON opens the JSON text in columns that have objects under the same name in another table ([schema.ObjectTexts]), so
	// that a receiver that keeps all tables in one index meets one type under one name. Text that isn't an object or array stays text.
	ExpandJSON bool
}

// Append is the function [Append] for events of this shape.
func (s Shape) Append(dst []byte, e *enrich.Event) ([]byte, error) {
	if s.Records != nil {
		if out, ok, err := s.appendRecord(dst, e); ok || err != nil {
			return out, err
		}
	}
	if !s.ExpandJSON {
		return Append(dst, e)
	}
	return appendEvent(dst, e, schema.ObjectTexts(e.Table))
}

// appendRecord appends the event as its diagnostic record, before whose members stands what stands first in all shapes. ok is
// false, and nothing appended, when its table has no records.
func (s Shape) appendRecord(dst []byte, e *enrich.Event) (out []byte, ok bool, err error) {
	start := len(dst)
	if dst, err = appendHead(dst, e); err != nil {
		return dst, false, err
	}
	before := len(dst)
	if dst, ok = s.Records.AppendMembers(append(dst, ','), e); !ok {
		return dst[:start], false, nil
	}
	if len(dst) == before+1 {
		dst = dst[:before] // no member
	}
	return append(dst, '}'), true, nil
}

// Shorten is the function [Shorten] for events of this shape. What it returns can be written with or without it.
func (s Shape) Shorten(e *enrich.Event, excess int) (enrich.Event, bool) {
	if opens := s.opens(e.Table); opens != nil {
		open := opened(e, opens)
		e = &open
	}
	return Shorten(e, excess)
}

// opens is which columns of a table Append opens besides dynamic ones; nil for none.
func (s Shape) opens(table string) func(column string) bool {
	if _, record := shape.Sourcetype(table); record && s.Records != nil {
		return func(column string) bool { return schema.HoldsJSON(table, column) }
	}
	if s.ExpandJSON {
		texts := schema.ObjectTexts(table)
		return func(column string) bool { return texts[column] }
	}
	return nil
}

// opened is the event with the columns opened that Append opens, so that their sizes are those that are written.
func opened(e *enrich.Event, opens func(column string) bool) enrich.Event {
	columns := e.Columns()
	if columns == nil {
		return *e
	}
	cells := make([][]byte, columns.Len())
	for i := range cells {
		if cells[i] = e.Cell(i); opens(columns.Name(i)) {
			cells[i] = enrich.Expand(cells[i])
		}
	}
	open := *e
	open.Row = rebuild(columns, cells)
	return open
}
