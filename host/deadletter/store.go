// Package deadletter keeps the events that sinks refuse for good, with the reason, until somebody has them sent again or
// drops them.
//
// Each sink has one file, one JSON object a line: [Letter]. A host appends while a command such as `riskrelay deadletter
// retry` takes letters out: the command moves the file aside first, and what stays is appended to the new one. A
// command that is killed in between leaves the file aside, and the next one goes on with it; some of its letters may be
// there twice then, never none.
package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// Store is a directory with the dead letters of all sinks. Its methods may be called at the same time, also by several
// processes.
type Store struct {
	dir string
	max int64
	// Clean takes secrets out of reasons before they are written; nil leaves them as they are. It is set before the first use.
	Clean func(text string) string
}

// Letter is an event that a sink refused.
type Letter struct {
	Time     time.Time `json:"time"` // when it was refused last
	Sink     string    `json:"sink"`
	Reason   string    `json:"reason"`   // in the receiver's words, of which maxReason bytes are kept
	Attempts int       `json:"attempts"` // how often it was refused
	// Sum is the CRC-32C of the event's bytes in hexadecimal digits, so that one that the disk has changed isn't sent. It may
	// be left out.
	Sum string `json:"sum,omitempty"`
	// Original is the row as its source sent it (base64 in the file), when bytes in it weren't UTF-8: U+FFFD stands for them in
	// the event.
	Original []byte `json:"original,omitempty"`

	Event json.RawMessage `json:"event"` // as the file sink writes events
}

// ErrFull says that a sink's file has reached the size that it may have. The sink must stand still until letters are sent
// again or dropped, as nothing may be lost.
var ErrFull = errors.New("the dead letters are full")

const (
	extension = ".ndjson"
	aside     = ".retry" // behind the extension: a file that a command took
)

// New returns the store in the directory, which is made when there is something to keep. A sink's file may have maxBytes.
func New(dir string, maxBytes int64) *Store { return &Store{dir: dir, max: maxBytes} }

func (s *Store) path(sink string) string { return filepath.Join(s.dir, url.PathEscape(sink)+extension) }

// Keep returns the function that a pipeline.DeadLetter of the sink needs: it writes the refused events and returns when
// they are on the disk. The error is ErrFull when they have no room.
func (s *Store) Keep(sink string) func([]enrich.Event, []pipeline.Rejection) error {
	return func(events []enrich.Event, rejected []pipeline.Rejection) error {
		var text []byte
		for _, r := range rejected {
			var err error
			if text, err = appendEvent(text, &events[r.Index], Letter{Sink: sink, Reason: s.clean(r.Reason), Attempts: 1}); err != nil {
				return err
			}
		}
		return s.write(sink, text)
	}
}

func (s *Store) clean(text string) string {
	if s.Clean == nil {
		return text
	}
	return s.Clean(text)
}

// Shortened stands before the name of a sink in the place of a sink's: whole copies of events that it took, but shortened.
// Nothing is to be sent again.
const Shortened = "shortened "

// Copy writes whole copies of those of the events that the sink took shortened, and returns when they are on the disk. The
// file is beside the sink's own and may be as large. The error is ErrFull when they have no room, which need not stop the sink.
func (s *Store) Copy(sink string, events []enrich.Event, at []int) error {
	var text []byte
	for _, i := range at {
		var err error
		if text, err = appendEvent(text, &events[i], Letter{Sink: sink, Reason: "shortened for the sink: this is the whole event"}); err != nil {
			return err
		}
	}
	return s.write(Shortened+sink, text)
}

func (s *Store) write(sink string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the directory of dead letters: %w", err)
	}
	err := appendLines(s.path(sink), text, s.max)
	if errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %s may have %d bytes, and what comes next has no room: see `riskrelay deadletter list`, then retry or drop", err, s.path(sink), s.max)
	}
	return err
}

// appendEvent appends a letter about an event, of now.
func appendEvent(dst []byte, e *enrich.Event, l Letter) (out []byte, err error) {
	if l.Event, err = encode(e); err != nil {
		return dst, err
	}
	l.Original = e.Original()
	l.Time = time.Now().UTC()
	return appendLetter(dst, l)
}

// encode writes the event as the file sink does.
func encode(e *enrich.Event) ([]byte, error) {
	whole, err := eventjson.Append(nil, e)
	if err == nil {
		return whole, nil
	}
	bare := *e // the risk is what can't be written: the row is worth keeping without it
	bare.Risk = enrich.Risk{}
	return eventjson.Append(nil, &bare)
}

// appendLetter writes the event's bytes as they are: encoding/json would escape and compact them.
func appendLetter(dst []byte, l Letter) ([]byte, error) {
	event := l.Event
	l.Sum, l.Reason = sum(event), bounded(l.Reason)
	l.Event = json.RawMessage("null")
	head, err := json.Marshal(l)
	if err != nil {
		return dst, fmt.Errorf("write a dead letter: %w", err)
	}
	dst = append(dst, bytes.TrimSuffix(head, []byte("null}"))...)
	return append(append(dst, event...), "}\n"...), nil
}

// maxReason is how much of a reason is kept: what a receiver says of one event must not fill the disk.
const maxReason = 1 << 10

func bounded(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return strings.ToValidUTF8(reason[:maxReason], "") + "..."
}

func sum(event []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(event, crc32.MakeTable(crc32.Castagnoli)))
}

// Sinks lists the sinks that have dead letters, sorted. Among them are sources with lines that are no rows, as "source
// NAME", and copies of shortened events, as Shortened says.
func (s *Store) Sinks() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	var sinks []string
	for _, e := range entries {
		name, ours := strings.CutSuffix(strings.TrimSuffix(e.Name(), aside), extension)
		sink, err := url.PathUnescape(name)
		if !ours || err != nil {
			continue
		}
		if info, err := e.Info(); err == nil && info.Size() > 0 && !slices.Contains(sinks, sink) {
			sinks = append(sinks, sink)
		}
	}
	slices.Sort(sinks)
	return sinks, nil
}

// Each shows the letters of a sink, those that were refused first before the others. An error from visit ends it and is
// returned as it is.
func (s *Store) Each(sink string, visit func(Letter) error) error {
	for _, path := range []string{s.path(sink) + aside, s.path(sink)} {
		if err := eachIn(path, visit); err != nil {
			return err
		}
	}
	return nil
}

// ID is the event's id, "" when the letter is not an event's.
func (l *Letter) ID() string { return l.member("event_id") }

// Table is the event's table, "" when the letter is not an event's.
func (l *Letter) Table() string { return l.member("Type") }

// member is a text in the event.
func (l *Letter) member(name string) string {
	var all map[string]json.RawMessage
	var text string
	if json.Unmarshal(l.Event, &all) != nil || json.Unmarshal(all[name], &text) != nil {
		return ""
	}
	return text
}
