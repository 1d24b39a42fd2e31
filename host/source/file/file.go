// Package file reads what Azure's own tools write, such as Log Analytics rows one a line, from files and standard input, so that
// captures can be replayed through the same pipeline and ledger as live streams. Package shape tells what a file is.
//
// The ledger knows windows of time; a file has places instead. So a window's From and To are byte offsets, kept as
// nanoseconds since 1970, and a mark is an offset in decimal. A file with a record a line that grew since the last run goes on
// where it ended; of others a mark is "r" and the number of records before it, as they can't be read from the middle.
package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Source reads one file.
type Source struct {
	path  string
	stdin io.Reader
	bad   func(*LineError) error
	once  bool         // what was read can't be read again: standard input, a pipe
	begun atomic.Bool  // the reading of what can be read once
	told  atomic.Int64 // behind the last bad line that was told of: reading it again is no news

	mended atomic.Int64

	// Took is told what the file is taken for, at each reading, unless it has rows one a line; nil for nobody.
	Took func(about string)
}

// Streams returns one stream per path of a file with one row a line; "-" is standard input, and what is a pipe now is
// read in the same way: once, to its end. Bad is told of each line that isn't a row, and stops the reading with its error
// until the next try.
func Streams(paths []string, stdin io.Reader, bad func(*LineError) error) (streams []pipeline.Stream) {
	for _, path := range paths {
		s := &Source{path: path, stdin: stdin, bad: bad, once: path == "-" || readOnce(path)}
		stream := pipeline.FileStream(path)
		stream.Source, stream.Plan, stream.Volatile = s, s.plan, s.once
		if s.once {
			stream.Plan = s.planOnce
		}
		streams = append(streams, stream)
	}
	return streams
}

// Remarks is how many rows held text that isn't UTF-8, for which U+FFFD stands now, since the start; one that is read again counts
// again. A file has no columns that could change.
func (s *Source) Remarks() (mended, changed int64) { return s.mended.Load(), 0 }

func offsetTime(offset int64) time.Time { return time.Unix(0, offset).UTC() }

func timeOffset(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// plan is the stretch from frontier to the file's end.
func (s *Source) plan(ctx context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return pipeline.Window{}, 0, false, fmt.Errorf("look at the file: %w", err)
	}
	from, size := timeOffset(frontier), info.Size()
	if size < from {
		return pipeline.Window{}, 0, false, fmt.Errorf("%s is shorter (%d bytes) than what was read of it (%d): "+
			"was it replaced? Give the new file another name", s.path, size, from)
	}
	end, err := s.end(ctx, from, size)
	if err != nil {
		return pipeline.Window{}, 0, false, err
	}
	if end == from {
		return pipeline.Window{}, 0, false, pipeline.ErrEnd
	}
	return pipeline.Window{From: offsetTime(from), To: offsetTime(end)}, 0, true, nil
}

// end is the offset up to which the file can be read.
func (s *Source) end(ctx context.Context, from, size int64) (int64, error) {
	f, err := Open(ctx, s.path)
	if err != nil {
		return 0, fmt.Errorf("open the file: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := s.look(f)
	switch {
	case err != nil:
		return 0, err
	case text.Lines():
		return s.wholeLines(f, from, size)
	case from > 0 && from < size:
		return 0, fmt.Errorf("%s has %d bytes more than when it was read, and isn't a file that grows by lines: was it replaced? "+
			"Give the new file another name", s.path, size-from)
	}
	return size, nil
}

// look finds out what the file is.
func (s *Source) look(f *os.File) (*shape.File, error) {
	text, err := shape.Open(f, shape.Options{Name: s.path, Limits: shape.Limits{Record: MaxLine}, Lenient: true})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.path, discreet(err))
	}
	return text, nil
}

// errUnknown is [shape.UnknownError] without what stands in the file: what is logged holds no payload.
var errUnknown = errors.New("can't tell what this is; `riskrelay tag` says what stands in it")

func discreet(err error) error {
	if errors.As(err, new(*shape.UnknownError)) {
		return errUnknown
	}
	return err
}

// firstTail is how much of a file's end is looked at first: it has a line end in it, as a rule.
const firstTail = 64 << 10

// wholeLines is the offset behind the last line between from and size that was written to its end: one with a line
// feed, or a last one without that is a whole object.
func (s *Source) wholeLines(f *os.File, from, size int64) (int64, error) {
	if err := lineBegins(f, from); err != nil {
		return 0, err
	}
	for length := int64(firstTail); ; length *= 8 {
		start := max(from, size-min(length, MaxLine))
		tail := make([]byte, size-start)
		if _, err := f.ReadAt(tail, start); err != nil {
			return 0, fmt.Errorf("read the file's end: %w", err)
		}
		last := bytes.LastIndexByte(tail, '\n') + 1
		if last == 0 && start > from {
			if length < MaxLine {
				continue
			}
			return size, nil // too long for a row: its reading says so
		}
		if end, err := enrich.ScanValue(tail, last); err == nil && len(bytes.TrimSpace(tail[end:])) == 0 {
			return size, nil
		}
		return start + int64(last), nil
	}
}

// lineBegins checks that a line begins at offset from, would with the next bytes, or that the file ends there, as after a last line
// without line feed: another file, or one that was rewritten, hardly has a line end in the same place.
func lineBegins(f *os.File, from int64) error {
	if from == 0 {
		return nil
	}
	around := make([]byte, 2)
	n, err := f.ReadAt(around, from-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("look at the file: %w", err)
	}
	ends := n == 1 // nothing follows
	if !ends && around[0] != '\n' && around[1] != '\n' && around[1] != '\r' {
		return fmt.Errorf("no line of %s begins at byte %d, where the last reading ended: was it replaced? "+
			"Give the new file another name", f.Name(), from)
	}
	return nil
}

// planOnce is everything, the first time.
func (s *Source) planOnce(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
	if !frontier.IsZero() {
		return pipeline.Window{}, 0, false, pipeline.ErrEnd
	}
	return pipeline.Window{From: offsetTime(0), To: offsetTime(math.MaxInt64)}, 0, true, nil
}

// errReread says that standard input or a pipe can't be read a second time.
var errReread = errors.New("standard input and pipes can't be read again")

// Read delivers the rows between the window's offsets that lie behind the mark.
func (s *Source) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	from, to := timeOffset(w.From), timeOffset(w.To)
	records, lined, err := readMark(after, &from, to)
	if err != nil {
		return fmt.Errorf("%w of %v", err, w)
	}
	r, closer, err := s.open(ctx, from, to)
	if err != nil {
		return err
	}
	defer closer()
	if after != "" && lined != r.Lines() {
		return fmt.Errorf("%s isn't read as it was before: was it replaced? Give the new file another name", s.path)
	}
	if err := r.skipRecords(records); err != nil {
		return err
	}
	for {
		events, err := s.next(ctx, r)
		if errors.Is(err, io.EOF) {
			if !s.once && r.Lines() && r.Offset() < to {
				return fmt.Errorf("%s ends at byte %d, before the %d bytes that it had: was it replaced?", s.path, r.Offset(), to)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(events) == 0 {
			continue
		}
		for i := range events {
			if events[i].Original() != nil {
				s.mended.Add(1)
			}
		}
		if err := deliver(pipeline.Batch{Events: events, Next: r.mark()}); err != nil {
			return err
		}
	}
}

// recordMark begins a mark that is a number of records.
const recordMark = "r"

// readMark reads a mark: a number of records, or an offset, which it puts in place of from.
func readMark(mark pipeline.Mark, from *int64, to int64) (records int64, lined bool, err error) {
	if mark == "" {
		return 0, false, nil
	}
	text, isRecords := strings.CutPrefix(string(mark), recordMark)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil, n < 0, !isRecords && (n < *from || n > to):
		return 0, false, fmt.Errorf("mark %q is no place", mark)
	case isRecords:
		return n, false, nil
	}
	*from = n
	return 0, true, nil
}

// mark is where the reading can go on.
func (r *Reader) mark() pipeline.Mark {
	if r.Lines() {
		return pipeline.Mark(strconv.FormatInt(r.Offset(), 10))
	}
	return pipeline.Mark(recordMark + strconv.FormatInt(r.records, 10))
}

// next is r.Next, but doesn't wait for the writer of a pipe when ctx has ended.
func (s *Source) next(ctx context.Context, r *Reader) ([]enrich.Event, error) {
	if s.once {
		events, err := r.Await(ctx)
		return events, discreet(err)
	}
	return r.Next()
}

// tell tells of a bad line, once.
func (s *Source) tell(e *LineError) error {
	if e.Offset < s.told.Load() {
		return nil
	}
	if err := s.bad(e); err != nil {
		return err
	}
	s.told.Store(e.Offset + 1)
	return nil
}

// open returns a reader at offset from. Rows without an id are counted from the beginning of their block, so the
// rows between it and from are read once more and thrown away.
func (s *Source) open(ctx context.Context, from, to int64) (*Reader, func(), error) {
	if s.once {
		return s.openOnce(ctx, from)
	}
	f, err := Open(ctx, s.path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the file: %w", err)
	}
	closer := func() { f.Close() } //nolint:errcheck // it was only read
	r := NewReader(nil, s.path, s.tell)
	text, err := s.look(f)
	if err == nil {
		r.use(text)
		if s.Took != nil && (text.Kind() != shape.Rows || !text.Lines()) {
			s.Took(text.About())
		}
		if text.Lines() {
			err = r.openLines(f, from, to)
		}
	}
	if err != nil {
		closer()
		return nil, nil, err
	}
	return r, closer, nil
}

// openLines goes to the line at offset from.
func (r *Reader) openLines(f *os.File, from, to int64) error {
	start := from / blockBytes * blockBytes
	if start > 0 { // a block begins at the first line that starts in it
		start--
	} else {
		_, mark := r.file.Text()
		start = min(int64(mark), to)
	}
	r.lines.from, r.offset = io.NewSectionReader(f, start, to-start), start
	return r.skipTo(start, from)
}

// openOnce returns a reader of standard input or a pipe.
func (s *Source) openOnce(ctx context.Context, from int64) (*Reader, func(), error) {
	if from > 0 || s.begun.Load() {
		return nil, nil, errReread
	}
	in, closer := s.stdin, func() {}
	if s.path != "-" {
		f, err := Open(ctx, s.path)
		if err != nil {
			return nil, nil, fmt.Errorf("open the file: %w", err)
		}
		in, closer = f, func() { f.Close() } //nolint:errcheck // it was only read
	}
	s.begun.Store(true)
	r := NewReader(in, s.path, s.tell)
	r.Eager, r.Lenient, r.Took = true, true, s.Took
	return r, closer, nil
}

// skipTo reads from start, the byte before a block or the file's beginning, to offset from.
func (r *Reader) skipTo(start, from int64) error {
	bad := r.bad
	defer func() { r.bad = bad }()
	r.bad = func(*LineError) error { return nil }
	if start >= blockBytes-1 {
		if _, err := r.readLine(); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("find the place in %s: %w", r.name, err)
		}
	}
	for r.offset < from {
		at := r.offset
		line, err := r.readLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("find the place in %s: %w", r.name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			_, _, _ = r.event(line, at) // only counted
		}
		if err != nil {
			break
		}
	}
	return nil
}
