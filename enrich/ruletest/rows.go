package ruletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// events makes the events of a test's rows.
func (r *runner) events(c *testCase) ([]enrich.Event, error) {
	rows := make([][]byte, 0, len(c.test.Events))
	for _, d := range c.test.Events {
		rows = append(rows, d.JSON)
	}
	if c.test.File.Present() {
		var err error
		if rows, err = r.fileRows(c); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("the test has no rows")
	}
	parser := enrich.NewObjectParser(schema.TypeOf)
	var events []enrich.Event
	for i, data := range rows {
		table, id, row, err := parser.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", i+1, err)
		}
		if table == "" {
			return nil, fmt.Errorf("row %d names no table; give it the member Type, such as \"AuditLogs\"", i+1)
		}
		e := enrich.NewEvent(table, row)
		if id != "" {
			e.ID = id
		}
		events = append(events, e)
		r.misspelt(c, i, &e)
	}
	return events, nil
}

// fileRows reads the rows in a test's file: JSON objects one after the other, or arrays of them.
func (r *runner) fileRows(c *testCase) ([][]byte, error) {
	name := path.Join(path.Dir(c.test.File.Pos.File), c.test.File.Value)
	if r.options.Open == nil {
		return nil, fmt.Errorf("read %s: files of rows can't be opened here", name)
	}
	data, err := r.options.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var rows [][]byte
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var value json.RawMessage
		if err := d.Decode(&value); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		var several []json.RawMessage
		if err := json.Unmarshal(value, &several); err != nil {
			several = []json.RawMessage{value} // not an array
		}
		for _, row := range several {
			rows = append(rows, row)
		}
	}
}
