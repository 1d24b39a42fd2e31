package file

import (
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

// nextRecords is Next for files that aren't an event a line.
func (r *Reader) nextRecords() ([]enrich.Event, error) {
	events := make([]enrich.Event, 0, batchEvents)
	for size := 0; len(events) < batchEvents && size < batchBytes; {
		e, ok, length, err := r.nextRecord()
		switch {
		case errors.Is(err, io.EOF) && len(events) > 0:
			return events, nil
		case err != nil:
			return nil, err
		case ok:
			events = append(events, e)
		}
		size += length
	}
	return events, nil
}

// nextRecord is the next record as an event; ok is false for one that isn't an event, of which bad was told.
func (r *Reader) nextRecord() (e enrich.Event, ok bool, length int, err error) {
	record, err := r.file.Next()
	if broken := new(shape.BrokenError); errors.As(err, &broken) {
		record, err = broken.Record, nil
		record.Err = broken
	}
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = fmt.Errorf("read %s: %w", r.name, err)
		}
		if r.Lenient {
			err = discreet(err)
		}
		return e, false, 0, err
	}
	r.records++
	r.Kind, r.parser = r.file.Kind(), r.file.Parser // a zip may hold several
	r.line = record.Line
	if record.Err != nil {
		return e, false, 0, r.tell(record.Line, record.Offset, record.Text[:min(len(record.Text), shownOfLong)], record.Err)
	}
	e, ok, err = r.event(record.Text, record.Offset)
	return e, ok, len(record.Text), err
}

// Lines reports whether the file has a record a line, as far as is known.
func (r *Reader) Lines() bool { return r.file == nil || r.file.Lines() }

// skipRecords reads n records that were read before.
func (r *Reader) skipRecords(n int64) error {
	bad := r.bad
	defer func() { r.bad = bad }()
	r.bad = func(*LineError) error { return nil }
	for r.records < n {
		if _, _, _, err := r.nextRecord(); err != nil {
			return fmt.Errorf("find the place in %s: %w", r.name, err)
		}
	}
	return nil
}
