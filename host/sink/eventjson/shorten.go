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

// Shorten returns a copy of the event that is at least excess bytes smaller as JSON, and true. It gives up what is missed least, and
// says so in the event: long cells become text, their beginning with a mark of their former size and SHA-256; then whole columns
// go, the largest first, and "columns_omitted" counts them; then what the risk says go from the mildest on, and "risk.omitted"
// counts that. When that isn't enough it returns the event as it is and false.
func Shorten(e *enrich.Event, excess int) (enrich.Event, bool) {
	short := *e
	for _, step := range []func(*enrich.Event, int) int{cutCells, dropColumns, trimRisk} {
		if excess <= 0 {
			break
		}
		excess -= step(&short, excess)
	}
	if excess > 0 {
		return *e, false
	}
	return short, true
}

// cutCells cuts the longest cells until excess bytes are saved, or as many as can be, and returns how many that are.
func cutCells(e *enrich.Event, excess int) (saved int) {
	columns := e.Columns()
	if columns == nil {
		return 0
	}
	cells := make([][]byte, columns.Len())
	for i := range cells {
		cells[i] = e.JSON(i)
	}
	done := make([]bool, len(cells))
	for saved < excess {
		i := longest(cells, done)
		if i < 0 {
			break
		}
		short := cut(cells[i], len(cells[i])-(excess-saved))
		saved += len(cells[i]) - len(short)
		cells[i], done[i] = short, true
	}
	e.Row = rebuild(columns, cells)
	return saved
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
