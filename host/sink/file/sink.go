// Package file is the sink that writes events to a file, one JSON object a line. Dead letters, what sinks refused for good, are kept by
// package host/deadletter.
package file

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// Config is a file sink as the configuration file describes it.
type Config struct {
	// Path is the file; its directory is made when the one above it is there. Events are appended, one JSON object a line.
	Path string `yaml:"path"`
	// MaxBytes is the size above which the file is renamed to PATH.TIME and a new one begun; 0 never does. Renamed
	// files are kept until somebody removes them.
	MaxBytes int64 `yaml:"max_bytes"`
	// ExpandJSON opens JSON text in columns that have objects in another table, such as DeviceDetail of the sign-ins of applications.
	ExpandJSON bool `yaml:"expand_json"`
}

// Defaults is the configuration that Path completes.
func Defaults() Config { return Config{ExpandJSON: true} }

const minRotation = 1 << 20

// Validate returns one error for each key that is wrong, joined, or nil. It touches no file.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("path: name the file to write to"))
	}
	if c.MaxBytes != 0 && c.MaxBytes < minRotation {
		errs = append(errs, fmt.Errorf("max_bytes: %d is neither 0 nor at least %d", c.MaxBytes, minRotation))
	}
	return errors.Join(errs...)
}

// Sink appends events to a file, each as one line of JSON: event_id, risk if there is any, then the row.
type Sink struct {
	mu    sync.Mutex
	lines *lines
	shape eventjson.Shape
	text  []byte
}

// New opens the file, creating it if need be, for its owner only. An incomplete last line, which a crash left and
// nothing was confirmed of, is removed.
func New(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	l, err := openLines(c.Path, c.MaxBytes)
	if err != nil {
		return nil, err
	}
	return &Sink{lines: l, shape: eventjson.Shape{ExpandJSON: c.ExpandJSON}}, nil
}

// Send appends events and returns when they are on the disk. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return pipeline.Receipt{}, err
	}
	var rejected []pipeline.Rejection
	s.text = s.text[:0]
	for i := range events {
		text, err := s.shape.Append(s.text, &events[i])
		if err != nil {
			rejected = append(rejected, pipeline.Rejection{Index: i, Reason: err.Error()})
			continue
		}
		s.text = append(text, '\n')
	}
	if err := s.lines.append(s.text); err != nil {
		return pipeline.Receipt{}, err
	}
	r := pipeline.Receipt{Events: len(events) - len(rejected), Bytes: int64(len(s.text)), Promise: pipeline.Written}
	if len(rejected) > 0 {
		return r, &pipeline.PartialError{Rejected: rejected}
	}
	return r, nil
}

// Close closes the file.
func (s *Sink) Close() error { return s.lines.close() }
