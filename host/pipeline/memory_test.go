package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// rows is a source in memory: row i has serial i and the ingestion time start + i seconds.
type rows struct {
	n     int
	batch int
	limit int // a window with more rows is too large; 0: no limit
	// fail is asked before each batch; nil: nothing fails.
	fail func(w pipeline.Window, serial int) error
	mu   sync.Mutex
	read []pipeline.Window
}

func start() time.Time { return time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC) }

func (r *rows) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	r.mu.Lock()
	r.read = append(r.read, w)
	r.mu.Unlock()
	var batch []enrich.Event
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		b := pipeline.Batch{Events: batch, Next: pipeline.Mark(batch[len(batch)-1].ID)}
		batch = nil
		return deliver(b)
	}
	matching := 0
	for i := range r.n {
		at := start().Add(time.Duration(i) * time.Second)
		id := fmt.Sprintf("row-%06d", i)
		if at.Before(w.From) || !at.Before(w.To) || pipeline.Mark(id) <= after || w.Slots > 0 && i%w.Slots != w.Slot {
			continue
		}
		if matching++; r.limit > 0 && matching > r.limit {
			return fmt.Errorf("%d rows: %w", matching, pipeline.ErrTooLarge)
		}
		if r.fail != nil && len(batch) == 0 {
			if err := r.fail(w, i); err != nil {
				return err
			}
		}
		if batch = append(batch, enrich.Event{ID: id, Table: "T", Time: at}); len(batch) == r.batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return ctx.Err()
}

// stream plans windows of 100 seconds until all rows are covered.
func (r *rows) stream(name string) pipeline.Stream {
	return pipeline.Stream{Name: name, Source: r, Plan: func(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
		if frontier.IsZero() {
			frontier = start()
		}
		if !frontier.Before(start().Add(time.Duration(r.n) * time.Second)) {
			return pipeline.Window{}, 0, false, pipeline.ErrEnd
		}
		return pipeline.Window{From: frontier, To: frontier.Add(100 * time.Second)}, 0, true, nil
	}}
}

// recorder is a sink in memory.
type recorder struct {
	mu   sync.Mutex
	got  map[string]int
	send func(ctx context.Context, events []enrich.Event) error // asked first; nil: takes everything
}

func (r *recorder) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	if r.send != nil {
		if err := r.send(ctx, events); err != nil {
			return pipeline.Receipt{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got == nil {
		r.got = map[string]int{}
	}
	for _, e := range events {
		r.got[e.ID]++
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (r *recorder) Close() error { return nil }

// check is the oracle: every serial arrived, none was invented; it returns how many arrived more than once.
func (r *recorder) check(t *testing.T, n int) (repeated int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := 0
	for i := range n {
		switch count := r.got[fmt.Sprintf("row-%06d", i)]; {
		case count == 0:
			missing++
		case count > 1:
			repeated += count - 1
		}
	}
	if missing > 0 || len(r.got) > n {
		t.Errorf("%d missing, %d distinct of %d", missing, len(r.got), n)
	}
	return repeated
}

// memory is a ledger that lasts as long as the test.
type memory struct {
	mu      sync.Mutex
	records map[string]*record
}

type record struct {
	mu    sync.Mutex
	state pipeline.State
	full  func() bool // the disk is full; nil: never
}

func (m *memory) Open(stream string) (pipeline.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string]*record{}
	}
	if m.records[stream] == nil {
		m.records[stream] = &record{}
	}
	return m.records[stream], nil
}

func (r *record) State() *pipeline.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state // a copy that is deep enough: Update never changes what is there
	return &state
}

func (r *record) Update(change func(*pipeline.State) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full != nil && r.full() {
		return errors.New("no space left on device")
	}
	next := r.state.Clone()
	if err := change(next); err != nil {
		return err
	}
	r.state = *next
	return nil
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(discard{})
	return log
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// build returns a pipeline over sinks, each with retries and a dead-letter list.
func build(l pipeline.Ledger, dead *[]string, streams []pipeline.Stream, sinks ...*recorder) *pipeline.Pipeline {
	p := &pipeline.Pipeline{
		Streams: streams, Enricher: enrich.NewEnricher(), Ledger: l, Log: quiet(), Stats: &pipeline.Stats{}, Drain: time.Second,
	}
	var mu sync.Mutex
	for i, s := range sinks {
		health := &pipeline.Health{}
		p.Outlets = append(p.Outlets, pipeline.Outlet{
			Name: fmt.Sprintf("sink-%d", i), Health: health, Concurrency: 2,
			Sink: &pipeline.Retry{Health: health, Sink: &pipeline.DeadLetter{Sink: s, Keep: func(events []enrich.Event, r []pipeline.Rejection) error {
				mu.Lock()
				defer mu.Unlock()
				for _, one := range r {
					*dead = append(*dead, events[one.Index].ID)
				}
				return nil
			}}},
		})
	}
	return p
}
