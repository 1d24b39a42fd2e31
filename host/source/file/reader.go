package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

const (
	batchEvents = 512
	batchBytes  = 1 << 20
	// MaxLine is the longest line that is read as a row. Log Analytics itself allows rows of about 1 MB.
	MaxLine = 16 << 20
	// blockBytes is the stretch of a file in which rows without an id are told apart by counting. It bounds memory,
	// and what must be read again after a restart.
	blockBytes = 64 << 20
)

// LineError is a line, or another record, that isn't a row. Reading goes on behind it.
type LineError struct {
	Name   string // the file, "-" for standard input
	Line   int    // where it begins, from 1, counted from where the reading began
	Offset int64  // of its first byte
	Text   []byte // the line, or the beginning of one that is too long
	Err    error

	Kind shape.Kind // what the file is read as
}

// Error is "NAME:LINE: REASON", and what the file is read as unless it has rows.
func (e *LineError) Error() string {
	text := fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err)
	if e.Kind != shape.Rows {
		text += fmt.Sprintf(" (read as %s)", e.Kind)
	}
	return text
}

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// Reader makes events of what Azure's own tools write, such as lines that each hold one Log Analytics row as a JSON object. Package
// shape tells what it is. Empty lines are skipped.
type Reader struct {
	name   string
	in     io.Reader
	file   *shape.File
	lines  lines
	parser shape.Parser
	bad    func(*LineError) error

	// Eager makes Next return what there is instead of waiting for more, as a pipe needs.
	Eager bool
	// Lenient reads text that is nothing known as rows one a line, each of which then is bad.
	Lenient bool
	// Kind is what the file is, "" to find out. Next sets it.
	Kind shape.Kind
	// Took is told, once, what a file is taken for that isn't rows one a line; nil for nobody.
	Took func(about string)

	offset  int64 // behind the last line that was read
	line    int
	records int64 // that were taken apart, of files that have no lines
	block   int64
	seen    map[string]int // digests of rows without an id, in this block
}

// NewReader reads from r. Name stands in messages; bad is told of each line that isn't a row, and ends the reading with its error, if
// it has one.
func NewReader(r io.Reader, name string, bad func(*LineError) error) *Reader {
	return &Reader{name: name, in: r, bad: bad, seen: map[string]int{}}
}

// open finds out what there is to read.
func (r *Reader) open() error {
	if r.file != nil {
		return nil
	}
	f, err := shape.Open(r.in, shape.Options{Kind: r.Kind, Name: r.name, Limits: shape.Limits{Record: MaxLine}, Lenient: r.Lenient})
	if err != nil {
		return fmt.Errorf("read %s: %w", r.name, err)
	}
	r.use(f)
	if f.Lines() {
		text, mark := f.Text()
		r.lines.from, r.offset = text, int64(mark)
	}
	if r.Took != nil && (f.Kind() != shape.Rows || !f.Lines()) {
		r.Took(f.About())
	}
	return nil
}

func (r *Reader) use(f *shape.File) { r.file, r.parser, r.Kind = f, f.Parser, f.Kind() }

// Offset is the place in the file behind the last line that was read, in bytes.
func (r *Reader) Offset() int64 { return r.offset }

// HasMore reports whether the file is a reply that says it isn't whole: it has further pages.
func (r *Reader) HasMore() bool { return r.file != nil && r.file.HasMore() }

// Next returns the events of the next lines, about a megabyte, and io.EOF when there are no more.
func (r *Reader) Next() ([]enrich.Event, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	if !r.file.Lines() {
		return r.nextRecords()
	}
	events := make([]enrich.Event, 0, batchEvents)
	size := 0
	for len(events) < batchEvents {
		start := r.offset
		line, err := r.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read %s: %w", r.name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			e, ok, badErr := r.event(line, start)
			if badErr != nil {
				return nil, badErr
			}
			if ok {
				events = append(events, e)
			}
		}
		if err != nil { // io.EOF
			if len(events) > 0 {
				return events, nil
			}
			return nil, io.EOF
		}
		if size += int(r.offset - start); size > batchBytes || r.Eager && !r.lines.buffered() && len(events) > 0 {
			break
		}
	}
	return events, nil
}

// readLine returns the next line and io.EOF with the last one. The line is the caller's, who doesn't change it. Of a line that
// is too long it returns a bit more than MaxLine.
func (r *Reader) readLine() ([]byte, error) {
	line, length, err := r.lines.next()
	r.offset += int64(length)
	r.line++
	return line, err
}

// shownOfLong is how much is kept of a line that is too long.
const shownOfLong = 64 << 10

func (r *Reader) tell(line int, start int64, text []byte, err error) error {
	return r.bad(&LineError{r.name, line, start, text, err, r.Kind})
}

func (r *Reader) event(line []byte, start int64) (e enrich.Event, ok bool, err error) {
	if len(line) > MaxLine {
		reason := fmt.Errorf("longer than %d bytes: is this a file of one row a line?", MaxLine)
		return e, false, r.tell(r.line, start, line[:shownOfLong], reason)
	}
	table, id, row, err := r.parser.Parse(line)
	if err != nil {
		return e, false, r.tell(r.line, start, line, err)
	}
	e = enrich.NewEvent(table, row)
	switch {
	case id != "":
		e.ID = id
	case row.Text("_ItemId") == "":
		e.ID = r.distinct(e.ID, start)
	}
	return e, true, nil
}

// distinct tells rows with the same content apart: the second gets another id than the first, each time the file
// is read.
func (r *Reader) distinct(digest string, start int64) string {
	if block := start / blockBytes; block != r.block {
		r.block = block
		clear(r.seen)
	}
	r.seen[digest]++
	if n := r.seen[digest]; n > 1 || r.block > 0 {
		return fmt.Sprintf("%s-%d.%d", digest, r.block, n)
	}
	return digest
}
