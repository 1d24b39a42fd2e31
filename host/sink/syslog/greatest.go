package syslog

import (
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// padding is the column that makes a test event long.
const padding = "Padding"

// greatest is the event with an id of its own and with as much padding as its message has room for.
func (c *encoder) greatest(e *enrich.Event) (enrich.Event, error) {
	long := *e
	long.ID += "-greatest"
	bare, err := padded(e, 0)
	if err != nil {
		return long, err
	}
	long.Row = bare
	message, err := c.message(nil, &long, &long)
	if err != nil {
		return long, err
	}
	long.Row, err = padded(e, max(0, c.limit-len(message)))
	return long, err
}

// padded is the event's row with a column of so many letters.
func padded(e *enrich.Event, letters int) (enrich.Row, error) {
	var names []string
	var types []enrich.Type
	text := []byte{'['}
	for i := range e.Columns().Len() {
		names, types = append(names, e.Columns().Name(i)), append(types, e.Columns().Type(i))
		text = append(append(text, e.Cell(i)...), ',')
	}
	text = append(enrich.AppendString(text, strings.Repeat("x", letters)), ']')
	return enrich.SplitArray(enrich.NewColumns(append(names, padding), append(types, enrich.String)), text)
}
