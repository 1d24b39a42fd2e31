package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// world is a source and two sinks for a few hours; its functions are told how long it has been going on.
type world struct {
	begin time.Time
	read  func(ctx context.Context, since time.Duration) error // asked before a window is read
	send  func(ctx context.Context, since time.Duration) error // asked before the first sink takes events
	write func(ctx context.Context, since time.Duration) error // asked before the ledger is written
	empty bool                                                 // no window has a row
}

func (w *world) Read(ctx context.Context, window pipeline.Window, _ pipeline.Mark, deliver func(pipeline.Batch) error) error {
	if w.read != nil {
		if err := w.read(ctx, time.Since(w.begin)); err != nil {
			return err
		}
	}
	if w.empty {
		return nil
	}
	event := enrich.Event{ID: window.String(), Time: window.From}
	return deliver(pipeline.Batch{Events: []enrich.Event{event}, Next: "1"})
}

func (w *world) plan(_ context.Context, frontier time.Time) (window pipeline.Window, wait time.Duration, ok bool, err error) {
	if frontier.IsZero() {
		frontier = w.begin
	}
	next := frontier.Add(2 * time.Minute)
	if wait = time.Until(next); wait > 0 {
		return window, wait, false, nil
	}
	return pipeline.Window{From: frontier, To: next}, 0, true, nil
}

// drain is a sink that takes everything, unless its world doesn't want to.
type drain struct {
	world *world
	first bool
}

func (d drain) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	if d.first && d.world.send != nil {
		if err := d.world.send(ctx, time.Since(d.world.begin)); err != nil {
			return pipeline.Receipt{}, err
		}
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (d drain) Close() error { return nil }

// memory is a ledger of one stream.
type memory struct {
	world *world
	mu    sync.Mutex
	state pipeline.State
}

func (m *memory) Open(string) (pipeline.Record, error) { return m, nil }

func (m *memory) State() *pipeline.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.Clone()
}

func (m *memory) Update(change func(*pipeline.State) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.world.write != nil {
		if err := m.world.write(context.Background(), time.Since(m.world.begin)); err != nil {
			return err
		}
	}
	return change(&m.state)
}

// hours is how long a world goes on; the trouble in it ends after half of it.
const hours = 3 * time.Hour

// TestWorlds holds that what a running pipeline says of itself makes a host unready where it should, and never stuck as long
// as something is being tried: a watchdog that kills a host during an outage only makes it longer.
func TestWorlds(t *testing.T) {
	trouble := func(err error) func(context.Context, time.Duration) error {
		return func(_ context.Context, since time.Duration) error {
			if since < hours/2 {
				return err
			}
			return nil
		}
	}
	forever := func(ctx context.Context, since time.Duration) error {
		if since < time.Hour {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
	down := errors.New("no route to host")
	for name, test := range map[string]expectation{
		"all is well":      {world{}, "", false},
		"nothing happens":  {world{empty: true}, "", false},
		"queries are slow": {world{read: func(context.Context, time.Duration) error { time.Sleep(8 * time.Minute); return nil }}, "", false},
		"a sink is down":   {world{send: trouble(down)}, "sink first: takes no events since ", false},
		"a sink asks for a long pause": {
			world{send: trouble(&pipeline.RetryAfter{Wait: time.Hour, Err: down})}, "sink first: takes no events since ", false,
		},
		"the workspace is down": {world{read: trouble(down)}, "stream audit: nothing was read since ", false},
		"the disk is full":      {world{write: trouble(errors.New("no space left on device"))}, "stream audit: nothing was read since ", false},
		"the disk fills up": {world{write: func(_ context.Context, since time.Duration) error {
			if since > 10*time.Minute && since < hours/2 {
				return errors.New("no space left on device")
			}
			return nil
		}}, "stream audit: nothing was read since ", false},
		"the workspace asks for a long pause": {
			world{read: trouble(&pipeline.RetryAfter{Wait: time.Hour, Err: down})}, "stream audit: nothing was read since ", false,
		},
		"a sink hangs":  {world{send: forever}, "", true},
		"a query hangs": {world{read: forever}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.world.begin = time.Now()
				for at, s := range live(t, &test.world) {
					if wrong := test.judge(at, s); wrong != "" {
						t.Errorf("after %v: %s", at, wrong)
						break
					}
				}
			})
		})
	}
}

// expectation is a world and what its host should say.
type expectation struct {
	world   world
	trouble string // begins the reasons while there is trouble; "" is none
	stuck   bool   // from the second hour on
}

// judge returns what is wrong with what a host says after some time, "" when it is right.
func (e expectation) judge(at time.Duration, s Snapshot) string {
	var texts []string
	for _, p := range s.Problems() {
		texts = append(texts, p.Text)
	}
	text := strings.Join(texts, "; ")
	settled := at > 30*time.Minute && at < hours/2
	over := at > hours-30*time.Minute
	switch {
	case e.stuck && (at < time.Hour && s.Stuck() || at > 2*time.Hour && !s.Stuck()):
		return fmt.Sprintf("stuck is %v: %s", s.Stuck(), text)
	case e.stuck:
		return ""
	case s.Stuck():
		return "stuck: " + text
	case settled && (text == "") != (e.trouble == "") || settled && !strings.HasPrefix(text, e.trouble):
		return fmt.Sprintf("want %q, got %q", e.trouble, text)
	case over && text != "":
		return "the trouble was over: " + text
	}
	return ""
}

// live runs a pipeline in a world and yields a snapshot a minute.
func live(t *testing.T, w *world) func(yield func(time.Duration, Snapshot) bool) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	stats := &pipeline.Stats{}
	p := &pipeline.Pipeline{
		Streams:  []pipeline.Stream{{Name: "audit", Source: w, Plan: w.plan}},
		Enricher: enrich.NewEnricher(), Ledger: &memory{world: w}, Log: log, Stats: stats,
	}
	for i, name := range []string{"first", "second"} {
		health := &pipeline.Health{}
		p.Outlets = append(p.Outlets, pipeline.Outlet{
			Name: name, Health: health, Concurrency: 1, Sink: &pipeline.Retry{Sink: drain{w, i == 0}, Health: health},
		})
	}
	return func(yield func(time.Duration, Snapshot) bool) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		for at := time.Duration(0); at < hours; at += time.Minute {
			time.Sleep(time.Minute)
			synctest.Wait()
			s := Snapshot{Now: time.Now(), Stall: 10 * time.Minute, Figures: stats.Figures(), States: p.States(), Sinks: map[string]pipeline.HealthReport{}}
			for _, o := range p.Outlets {
				s.Sinks[o.Name] = o.Health.Report()
			}
			if !yield(at+time.Minute, s) {
				break
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(fmt.Errorf("the pipeline ended: %w", err))
		}
	}
}
