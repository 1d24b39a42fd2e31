package file

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// DeadLetters is the file of the events that sinks refused for good: one JSON object a line with time, sink, reason
// and event. Its methods may be called at the same time.
type DeadLetters struct {
	mu    sync.Mutex
	lines *lines
}

// OpenDeadLetters opens the file at path, creating it if need be, for its owner only.
func OpenDeadLetters(path string) (*DeadLetters, error) {
	l, err := openLines(path, 0)
	if err != nil {
		return nil, err
	}
	return &DeadLetters{lines: l}, nil
}

// Keep returns the function that a pipeline.DeadLetter of the sink called name needs: it writes the refused events
// and returns when they are on the disk.
func (d *DeadLetters) Keep(name string) func([]enrich.Event, []pipeline.Rejection) error {
	return func(events []enrich.Event, rejected []pipeline.Rejection) error {
		var text []byte
		for _, r := range rejected {
			var err error
			if text, err = appendLetter(text, name, &events[r.Index], r.Reason); err != nil {
				return err
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.lines.append(text)
	}
}

// letter is a line but for the event.
type letter struct {
	Time   time.Time `json:"time"` // when it was refused
	Sink   string    `json:"sink"`
	Reason string    `json:"reason"`
}

func appendLetter(dst []byte, sink string, e *enrich.Event, reason string) ([]byte, error) {
	head, err := json.Marshal(letter{time.Now().UTC(), sink, reason})
	if err != nil {
		return dst, fmt.Errorf("write a dead letter: %w", err)
	}
	dst = append(append(dst, head[:len(head)-1]...), `,"event":`...)
	whole, err := eventjson.Append(dst, e)
	if err != nil { // the risk is what can't be written: the row is worth keeping without it
		bare := *e
		bare.Risk = enrich.Risk{}
		if whole, err = eventjson.Append(dst, &bare); err != nil {
			return dst, err
		}
	}
	return append(whole, "}\n"...), nil
}

// Close closes the file.
func (d *DeadLetters) Close() error { return d.lines.close() }
