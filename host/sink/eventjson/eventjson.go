// Package eventjson writes events as JSON for sinks: the row's columns with dynamic ones as real JSON, and the risk
// beside them. The row's cells are copied, not decoded, so the cost is that of the bytes.
package eventjson

import (
	"encoding/json"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
)

// AppendRow appends the event as a JSON object on one line: its columns, "late" when it is late, and, when a module said
// something, "risk".
// The event's id is not in it. It fails only when the risk can't be written as JSON.
func AppendRow(dst []byte, e *enrich.Event) ([]byte, error) {
	dst = appendLate(e.AppendFields(append(dst, '{')), e)
	dst, err := appendRisk(dst, e)
	return append(dst, '}'), err
}

// Append appends the event as a JSON object on one line: what AppendRow writes, "event_id", and the table's name in
// "Type" when the row has no such column. The file source reads this shape. It fails only when the risk can't be
// written as JSON.
func Append(dst []byte, e *enrich.Event) ([]byte, error) {
	dst = e.AppendFields(append(dst, '{'))
	if e.Lookup("Type") == nil {
		dst = append(comma(dst), `"Type":`...)
		dst = enrich.AppendString(dst, e.Table)
	}
	dst = append(comma(dst), `"event_id":`...)
	dst = appendLate(enrich.AppendString(dst, e.ID), e)
	dst, err := appendRisk(dst, e)
	return append(dst, '}'), err
}

// appendLate marks a late row, also one that a file has brought with its mark as a column.
func appendLate(dst []byte, e *enrich.Event) []byte {
	if !e.Late || e.Lookup("late") != nil {
		return dst
	}
	return append(comma(dst), `"late":true`...)
}

func appendRisk(dst []byte, e *enrich.Event) ([]byte, error) {
	if e.Risk.Empty() {
		return dst, nil
	}
	risk, err := json.Marshal(&e.Risk)
	if err != nil {
		return dst, fmt.Errorf("write the risk of event %s: %w", e.ID, err)
	}
	return append(append(comma(dst), `"risk":`...), risk...), nil
}

// comma appends a comma unless dst ends with the brace that opens an object.
func comma(dst []byte) []byte {
	if dst[len(dst)-1] == '{' {
		return dst
	}
	return append(dst, ',')
}
