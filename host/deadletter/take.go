package deadletter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Outcome says what became of letters.
type Outcome struct {
	Gone    int `json:"gone"`    // sent and confirmed, or dropped
	Refused int `json:"refused"` // once more; they stay
	Left    int `json:"left"`    // were not asked for, or couldn't be sent; they stay
}

// ErrBusy says that another command is at work on the same letters.
var ErrBusy = errors.New("another command is at work on these dead letters")

// batch is how many letters are sent at once.
const batch = 256

// Retry sends the letters of the sink for which pick is true; nil means all. Those that are confirmed are gone, those
// that are refused again stay with the new reason. An error means that the sink doesn't take events now: the letters that
// it didn't confirm stay as they were. Send is that of a pipeline.Sink.
func (s *Store) Retry(ctx context.Context, sink string, pick func(*Letter) bool, send func(context.Context, []enrich.Event) error) (Outcome, error) {
	r := retry{ctx: ctx, send: send, clean: s.clean, parser: enrich.NewObjectParser(schema.TypeOf)}
	err := s.take(sink, pick, &r.Outcome, func(l Letter) ([]Letter, error) {
		if l.Reason == damaged {
			r.Refused++
			return []Letter{l}, nil
		}
		event, err := decode(r.parser, l.Event)
		if err != nil { // somebody has edited it
			r.Refused++
			l.Reason = "the letter's event can't be read: " + err.Error()
			return []Letter{l}, nil
		}
		r.letters, r.events = append(r.letters, l), append(r.events, event)
		if len(r.letters) < batch {
			return nil, nil
		}
		return r.flush()
	}, r.flush)
	return r.Outcome, err
}

// Drop removes the letters of the sink for which pick is true; nil means all.
func (s *Store) Drop(sink string, pick func(*Letter) bool) (out Outcome, err error) {
	err = s.take(sink, pick, &out, func(Letter) ([]Letter, error) {
		out.Gone++
		return nil, nil
	}, func() ([]Letter, error) { return nil, nil })
	return out, err
}

// retry gathers letters and sends them.
type retry struct {
	Outcome
	ctx     context.Context //nolint:containedctx // of the one call that it lives for
	send    func(context.Context, []enrich.Event) error
	clean   func(text string) string
	parser  *enrich.ObjectParser
	letters []Letter
	events  []enrich.Event // of the letters
}

// flush sends what was gathered and returns what stays.
func (r *retry) flush() (stay []Letter, err error) {
	letters, events := r.letters, r.events
	r.letters, r.events = nil, nil
	if len(letters) == 0 {
		return nil, nil
	}
	err = r.send(r.ctx, events)
	partial := new(pipeline.PartialError)
	switch {
	case err == nil:
	case errors.As(err, &partial):
		for _, no := range partial.Rejected {
			l := letters[no.Index]
			l.Time, l.Reason, l.Attempts = time.Now().UTC(), r.clean(no.Reason), l.Attempts+1
			stay = append(stay, l)
		}
	default:
		r.Left += len(letters)
		return letters, err
	}
	r.Gone += len(letters) - len(stay)
	r.Refused += len(stay)
	return stay, nil
}

// decode is the reverse of encode.
func decode(parser *enrich.ObjectParser, text []byte) (enrich.Event, error) {
	table, id, row, err := parser.ParseOwn(text)
	if err != nil {
		return enrich.Event{}, err
	}
	if id == "" {
		return enrich.Event{}, errors.New("it has no event_id")
	}
	if table == "" {
		return enrich.Event{}, errors.New("it has no table in Type")
	}
	event := enrich.NewEvent(table, row)
	event.ID = id
	var said struct {
		Risk enrich.Risk `json:"risk"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return enrich.Event{}, fmt.Errorf("its risk: %w", err)
	}
	event.Risk = said.Risk
	return event, nil
}

// take moves the sink's file aside and hands the letters that are picked to use, then calls end. The letters that
// these return stay, as do the others, and after an error all that come after it.
func (s *Store) take(sink string, pick func(*Letter) bool, out *Outcome, use func(Letter) ([]Letter, error), end func() ([]Letter, error)) error {
	unlock, err := s.alone(sink)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not even the directory is there
	}
	if err != nil {
		return err
	}
	defer unlock()
	path := s.path(sink)
	for _, leftover := range []bool{true, false} { // first what a command that was killed has left aside
		if !leftover {
			if err := moveAside(path); err != nil {
				return err
			}
		}
		b := back{path: path}
		var failed error
		err := eachIn(path+aside, func(l Letter) error {
			if failed != nil || pick != nil && !pick(&l) {
				out.Left++
				return b.put(l)
			}
			stay, err := use(l)
			failed = err
			return b.put(stay...)
		})
		if err == nil && failed == nil {
			var stay []Letter
			stay, failed = end()
			err = b.put(stay...)
		}
		if err == nil {
			err = b.write()
		}
		if err != nil {
			return errors.Join(failed, err) // the file stays aside: nothing is lost
		}
		if err := os.Remove(path + aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what was taken of the dead letters: %w", err)
		}
		if failed != nil {
			return failed
		}
	}
	return durable.SyncDirectory(filepath.Dir(path))
}

// alone keeps other commands away from the sink's letters.
func (s *Store) alone(sink string) (unlock func(), err error) {
	file, err := os.OpenFile(s.path(sink)+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock dead letters: %w", err)
	}
	if err := durable.Lock(file, false); err != nil {
		file.Close() //nolint:errcheck // it was only locked
		if errors.Is(err, durable.ErrLocked) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock dead letters: %w", err)
	}
	return func() { file.Close() }, nil //nolint:errcheck // it was only locked
}

// moveAside takes the file away from those that append to it.
func moveAside(path string) error {
	file, err := openLocked(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take dead letters: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only renamed
	if err := os.Rename(path, path+aside); err != nil {
		return fmt.Errorf("take dead letters: %w", err)
	}
	return durable.SyncDirectory(filepath.Dir(path))
}

// back gathers letters that stay and appends them to the sink's file.
type back struct {
	path string
	text []byte
}

func (b *back) put(letters ...Letter) error {
	for _, l := range letters {
		var err error
		if b.text, err = appendLetter(b.text, l); err != nil {
			return err
		}
	}
	if len(b.text) < 1<<20 {
		return nil
	}
	return b.write()
}

func (b *back) write() error {
	err := appendLines(b.path, b.text, 0)
	b.text = b.text[:0]
	return err
}
