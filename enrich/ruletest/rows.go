package ruletest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// events makes the events of a test's rows.
func (r *runner) events(c *testCase) (events []enrich.Event, err error) {
	add := func(p shape.Parser, data []byte) error {
		n := len(events) + 1
		table, id, row, err := p.Parse(data)
		if err != nil {
			return fmt.Errorf("read row %d: %w", n, err)
		}
		if table == "" {
			return fmt.Errorf("row %d names no table; give it the member Type, such as \"AuditLogs\"", n)
		}
		e := enrich.NewEvent(table, row)
		if id != "" {
			e.ID = id
		}
		events = append(events, e)
		r.misspelt(c, n-1, &e)
		return nil
	}
	if c.test.File.Present() {
		err = r.fileRows(c, add)
	} else {
		parser := enrich.NewObjectParser(schema.TypeOf)
		for i := 0; err == nil && i < len(c.test.Events); i++ {
			err = add(parser, c.test.Events[i].JSON)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, errors.New("the test has no rows")
	}
	return events, nil
}

// fileRows adds the rows in a test's file, in whatever shape Azure's own tools write them.
func (r *runner) fileRows(c *testCase, add func(shape.Parser, []byte) error) error {
	name := path.Join(path.Dir(c.test.File.Pos.File), c.test.File.Value)
	if r.options.Open == nil {
		return fmt.Errorf("read %s: files of rows can't be opened here", name)
	}
	data, err := r.options.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	file, err := shape.Open(bytes.NewReader(data), shape.Options{Name: name})
	for err == nil {
		var record shape.Record
		if record, err = file.Next(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = record.Err
		}
		if err == nil {
			if err := add(file, record.Text); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("read %s: %w", name, err)
}
