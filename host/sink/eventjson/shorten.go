package eventjson

import (
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
)

const (
	shortest  = 512 // cells of fewer bytes are never shortened
	keptAtMin = 128 // what stays of a shortened cell at least
)

// Shorten returns a copy of the event whose row is at least excess bytes smaller as JSON, and true. The longest cells
// become text: their beginning, then a mark with their former size and SHA-256. When nothing is left that is worth
// shortening it returns the event as it is and false.
func Shorten(e *enrich.Event, excess int) (enrich.Event, bool) {
	columns := e.Columns()
	if columns == nil {
		return *e, false
	}
	cells := make([][]byte, columns.Len())
	for i := range cells {
		cells[i] = e.JSON(i)
	}
	done := make([]bool, len(cells))
	for excess > 0 {
		i := longest(cells, done)
		if i < 0 {
			return *e, false
		}
		short := cut(cells[i], len(cells[i])-excess)
		excess -= len(cells[i]) - len(short)
		cells[i], done[i] = short, true
	}
	short := *e
	short.Row = rebuild(columns, cells)
	return short, true
}

// longest is the place of the longest cell that isn't done, -1 when none is longer than shortest.
func longest(cells [][]byte, done []bool) int {
	at, size := -1, shortest
	for i, c := range cells {
		if !done[i] && len(c) > size {
			at, size = i, len(c)
		}
	}
	return at
}

// cut returns a JSON string of at most want bytes, or of the least that is useful, in place of cell.
func cut(cell []byte, want int) []byte {
	text := cell
	if plain, err := enrich.Unquote(cell); err == nil {
		text = plain
	}
	mark := fmt.Sprintf("... [shortened by riskrelay: %d bytes, sha256 %x]", len(text), sha256.Sum256(text))
	room := max(keptAtMin, want-len(mark)-2)
	for keep := min(room, len(text)); ; keep = keep * 3 / 4 { // escapes may make the text longer
		for keep > 0 && keep < len(text) && !utf8.RuneStart(text[keep]) {
			keep--
		}
		out := enrich.AppendString(nil, string(text[:keep])+mark)
		if len(out) <= room+len(mark)+2 {
			return out
		}
	}
}

func rebuild(columns *enrich.Columns, cells [][]byte) enrich.Row {
	var text []byte
	spans := make([]enrich.Span, len(cells))
	for i, c := range cells {
		start := len(text)
		text = append(text, c...)
		spans[i] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
	}
	return enrich.NewRow(columns, text, spans)
}
