package loganalytics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
)

// rowReceiver takes the rows of a reply while it arrives.
type rowReceiver interface {
	// begin is told the columns before the first row.
	begin(names []string, types []enrich.Type) error
	// row is one row as a JSON array and the places of its cells. Original is the array as it came if bytes of it weren't
	// UTF-8, otherwise nil. The texts are the receiver's, the cells are not.
	row(text []byte, cells []enrich.Span, original []byte) error
}

// outcome is how a reply ended.
type outcome struct {
	rows    int
	bytes   int64
	mended  int           // rows whose text wasn't UTF-8
	partial *partialError // nil when the reply is complete
}

// partialError is the error that the service writes into a 200 whose rows are not all there.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/errors#partial-errors
type partialError struct{ failure }

func (e *partialError) Error() string { return "the service answered in part: " + e.failure.String() }

// A reply of the query API (https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format):
//
//	{"tables": [{"name": "PrimaryResult", "columns": [{"name": .., "type": ..}, ..], "rows": [[..], ..]}],
//	 "error": {..}, "statistics": {..}, "render": {..}}
const primaryResult = "PrimaryResult"

// errEmpty is a 200 without a body. The service sends it for requests that it doesn't understand; it must not pass
// for a reply without rows.
var errEmpty = errors.New("reply is empty: not even a table without rows")

// readReply hands the rows in body to to. Its error means that the reply is cut off or no reply at all; a reply that
// says itself that it is incomplete is an outcome.
func readReply(body io.Reader, to rowReceiver) (outcome, error) {
	r := reply{scanner: scanner{body: body}, to: to}
	err := r.read()
	r.bytes = r.offset + int64(r.at)
	return r.outcome, err
}

type reply struct {
	scanner
	outcome
	to    rowReceiver
	found bool // the primary result
	cells []enrich.Span
}

func (r *reply) read() error {
	if err := r.start(); err != nil {
		return err
	}
	err := r.object(func(name string) error {
		switch name {
		case "tables":
			return r.array(r.table)
		case "error":
			return r.partly()
		}
		_, err := r.value()
		return err
	})
	if err == nil {
		err = r.end()
	}
	if err == nil && !r.found && r.partial == nil {
		err = errors.New("reply has no table called " + primaryResult)
	}
	return err
}

// start skips a byte order mark, which services built on .NET may send.
func (r *reply) start() error {
	if err := r.scanner.read(); errors.Is(err, io.EOF) {
		return errEmpty
	} else if err != nil {
		return fmt.Errorf("read the reply: %w", err)
	}
	if r.buf[0] == 0xEF {
		for len(r.buf) < 3 {
			if err := r.more(); err != nil {
				return err
			}
		}
		r.at = len(r.buf) - len(bytes.TrimPrefix(r.buf, []byte("\xEF\xBB\xBF")))
	}
	return nil
}

func (r *reply) partly() error {
	text, err := r.value()
	if err != nil || string(text) == "null" {
		return err
	}
	r.partial = &partialError{parseFailure(text)}
	return nil
}

// table reads one table. Of a table with another name than the primary result's the rows are skipped.
func (r *reply) table() error {
	name, began := "", false
	err := r.object(func(member string) (err error) {
		switch member {
		case "name":
			name, err = r.text()
			return err
		case "columns":
			if name == primaryResult {
				began = true
				return r.columns()
			}
		case "rows":
			if name == "" {
				return r.malformed("a table's rows come before its name")
			}
			if name == primaryResult {
				if !began || r.found {
					return r.malformed("%s has rows without columns, or twice", primaryResult)
				}
				r.found = true
				return r.array(r.oneRow)
			}
		}
		_, err = r.value()
		return err
	})
	if err == nil && name == primaryResult && !r.found {
		err = r.malformed("%s has no rows", primaryResult)
	}
	return err
}

func (r *reply) columns() error {
	text, err := r.value()
	if err != nil {
		return err
	}
	var columns []struct{ Name, Type string }
	if err := json.Unmarshal(text, &columns); err != nil {
		return r.malformed("columns: %v", err)
	}
	names, types := make([]string, len(columns)), make([]enrich.Type, len(columns))
	seen := make(map[string]bool, len(columns))
	for i, c := range columns {
		if c.Name == "" || seen[c.Name] {
			return r.malformed("column %d is called %q, which is nothing or twice there", i+1, c.Name)
		}
		seen[c.Name] = true
		names[i], types[i] = c.Name, enrich.Type(c.Type)
	}
	r.cells = make([]enrich.Span, 0, len(columns))
	return r.to.begin(names, types)
}

func (r *reply) oneRow() error {
	text, cells, original, err := r.row(r.cells)
	if err != nil {
		return err
	}
	if original != nil {
		r.mended++
	}
	if len(cells) != cap(r.cells) {
		return r.malformed("a row has %d cells, the table %d columns", len(cells), cap(r.cells))
	}
	r.rows++
	return r.to.row(text, cells, original)
}
