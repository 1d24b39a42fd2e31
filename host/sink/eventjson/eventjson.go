// Package eventjson writes events as JSON for sinks: the row's columns with dynamic ones as real JSON, and the risk
// beside them. The row's cells are copied, not decoded, so the cost is that of the bytes.
package eventjson

import (
	"encoding/json"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Append appends the event as a JSON object on one line. What matters most stands first, as many receivers read only the beginning:
// "event_id", "record_id" when the service gave the record an id, "risk" when a module said something, "late" when the event is late, then the columns, before them the table's name
// in "Type" when the row has no such column. The file source reads this shape. It fails only when the risk can't be written as
// JSON.
func Append(dst []byte, e *enrich.Event) ([]byte, error) { return appendEvent(dst, e, nil) }

func appendEvent(dst []byte, e *enrich.Event, open map[string]bool) ([]byte, error) {
	dst, err := appendHead(dst, e)
	if err != nil {
		return dst, err
	}
	if e.Lookup("Type") == nil {
		dst = enrich.AppendString(append(dst, `,"Type":`...), e.Table)
	}
	before := len(dst)
	if dst = e.AppendFieldsOpening(append(dst, ','), open); len(dst) == before+1 {
		dst = dst[:before] // no column
	}
	return append(dst, '}'), nil
}

// appendHead appends the opening brace and what stands first.
func appendHead(dst []byte, e *enrich.Event) ([]byte, error) {
	dst = enrich.AppendString(append(dst, `{"event_id":`...), e.ID)
	dst = appendRecordID(dst, e)
	dst, err := appendRisk(dst, e)
	if err != nil {
		return dst, err
	}
	if e.Late && e.Lookup("late") == nil { // a file may have brought the mark as a column
		dst = append(dst, `,"late":true`...)
	}
	return dst, nil
}

// appendRecordID appends the id that the service gave the record, if it did. Unlike the event's it is the same in every shape and on
// every way, so that a receiver can drop what came twice.
func appendRecordID(dst []byte, e *enrich.Event) []byte {
	column := schema.RecordIDColumn(e.Table)
	if column == "" {
		return dst
	}
	cell := e.Lookup(column)
	if len(cell) <= len(`""`) || cell[0] != '"' {
		return dst
	}
	return append(append(dst, `,"record_id":`...), cell...)
}

func appendRisk(dst []byte, e *enrich.Event) ([]byte, error) {
	if e.Risk.Empty() {
		return dst, nil
	}
	risk, err := json.Marshal(&e.Risk)
	if err != nil {
		return dst, fmt.Errorf("write the risk of event %s: %w", e.ID, err)
	}
	return append(append(dst, `,"risk":`...), risk...), nil
}
