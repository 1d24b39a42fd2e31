package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"github.com/riskrelay/riskrelay/enrich"
)

// Outlet is a sink in a pipeline.
type Outlet struct {
	Name        string // stable: the ledger's key for the sink
	Sink        Sink   // as Deliver built it: it retries and has a dead-letter file
	Concurrency int    // Sends in flight for one window; at least 1
	Health      *Health
}

// Pipeline reads streams, tags their events and sends them to every outlet.
type Pipeline struct {
	Streams  []Stream
	Enricher *enrich.Enricher
	Outlets  []Outlet
	Ledger   Ledger
	Log      logrus.FieldLogger
	Stats    *Stats
	// Once ends the pipeline when every window that can be planned now was handled; otherwise it runs until its
	// context ends, or all streams did.
	Once bool
	// Drain is how long Sends may go on after the context ended.
	Drain time.Duration
}

const (
	// sharedPatience is how long a window that several sinks share waits for the slowest before that sink is left behind.
	sharedPatience = 2 * time.Second
	// maxOpen stops planning when so many windows of a stream wait for a sink: the workspace is the buffer.
	maxOpen = 2000
	// fullPause is how long planning rests then.
	fullPause = 10 * time.Second
	// maxTries is how often a window is read before the stream goes on without it; it is read again later.
	maxTries = 4
)

// ErrIncomplete says that a pipeline run once could not hand everything over; the ledger knows what is left.
var ErrIncomplete = errors.New("some windows could not be read or delivered: they stay open and are handled by the next run")

// Run moves events until ctx ends or, with Once, until everything planned is done. A nil error means that nothing
// was left behind but what the ledger says.
func (p *Pipeline) Run(ctx context.Context) error {
	send, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(p.Drain, cancel) })
	defer stop()

	group, ctx := errgroup.WithContext(ctx)
	followers := make([]*follower, len(p.Streams))
	for i, s := range p.Streams {
		record, err := p.open(s)
		if err != nil {
			return err
		}
		followers[i] = &follower{Pipeline: p, stream: s, record: record, send: send, claims: map[claim]bool{}}
	}
	var live sync.WaitGroup
	for _, f := range followers {
		live.Add(1)
		group.Go(func() error {
			defer live.Done()
			return f.follow(ctx)
		})
	}
	planned := make(chan struct{})
	go func() { live.Wait(); close(planned) }()
	for i := range p.Outlets {
		group.Go(func() error { return p.catchUp(ctx, followers, &p.Outlets[i], planned) })
	}
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // asked to end
	}
	return err
}

func (p *Pipeline) open(s Stream) (Record, error) {
	if s.Volatile {
		return &volatile{}, nil
	}
	return p.Ledger.Open(s.Name)
}

// volatile is a record that lasts as long as the process.
type volatile struct {
	mu    sync.Mutex
	state State
}

func (v *volatile) State() *State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state.Clone()
}

func (v *volatile) Update(change func(*State) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return change(&v.state)
}

// follower moves one stream.
type follower struct {
	*Pipeline
	stream Stream
	record Record
	send   context.Context // ends later than the reading, so that what was read can be sent

	mu     sync.Mutex
	claims map[claim]bool // who is being served right now
}

// claim is one sink's need of one window.
type claim struct {
	window string
	outlet string
}

func (f *follower) claim(w Window, o *Outlet) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := claim{w.String(), o.Name}
	if f.claims[c] {
		return false
	}
	f.claims[c] = true
	return true
}

func (f *follower) release(w Window, outlets []*Outlet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range outlets {
		delete(f.claims, claim{w.String(), o.Name})
	}
}

// follow plans windows and reads each for all sinks that keep up. Sinks that don't are served by catchUp.
func (f *follower) follow(ctx context.Context) error {
	var failures int
	for {
		w, wait, ok, err := f.stream.Plan(ctx, f.record.State().Frontier)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrEnd):
			return nil
		case err != nil:
			f.report(err, "plan the next window of "+f.stream.Name)
			if failures++; f.Once && failures >= maxTries {
				return fmt.Errorf("plan the next window of %s: %w", f.stream.Name, err)
			}
			wait = pause(err, failures)
		case !ok && f.Once:
			return nil
		case ok && len(f.record.State().Open) >= maxOpen:
			wait = fullPause
		case ok:
			failures = 0
			if err := f.take(ctx, w); err != nil {
				return err
			}
			continue
		}
		if err := sleep(ctx, max(wait, time.Second/10)); err != nil {
			return err
		}
	}
}

// take plans w in the ledger and serves the sinks that are ready.
func (f *follower) take(ctx context.Context, w Window) error {
	w.Stream = f.stream.Name
	ready := f.ready()
	for _, o := range ready {
		f.claim(w, o) // before catchUp can see the window
	}
	err := f.update(func(s *State) error {
		s.Begin(w, f.outletNames())
		return nil
	})
	if err != nil {
		return err
	}
	return f.drive(ctx, w, ready, f.patience())
}

// patience is how long a window that is read as it comes waits for a sink. Where there are others, the stream must go
// on for them, those included that fail now and come back first; and rows that can't be had again wait for all.
func (f *follower) patience() time.Duration {
	if len(f.Outlets) == 1 || f.stream.Volatile {
		return 0
	}
	return sharedPatience
}

// ready are the sinks that take windows as they come: healthy and not behind in this stream.
func (f *follower) ready() (ready []*Outlet) {
	state := f.record.State()
	for i := range f.Outlets {
		if o := &f.Outlets[i]; f.stream.Volatile || o.Health.OK() && !state.behind(o.Name) {
			ready = append(ready, o)
		}
	}
	return ready
}

func (s *State) behind(sink string) bool {
	for _, p := range s.Open {
		if _, ok := p.Sinks[sink]; ok {
			return true
		}
	}
	return false
}

func (p *Pipeline) outletNames() (names []string) {
	for _, o := range p.Outlets {
		names = append(names, o.Name)
	}
	return names
}

// catchUp serves one sink with the windows that were left open for it, oldest first, until ctx ends, every stream
// ended and nothing is left, or, with Once, each window was tried.
func (p *Pipeline) catchUp(ctx context.Context, followers []*follower, o *Outlet, planned <-chan struct{}) error {
	for {
		last := false
		select {
		case <-planned:
			last = true
		default:
		}
		worked, left := false, false
		for _, f := range followers {
			for _, open := range f.record.State().Open {
				if _, needs := open.Sinks[o.Name]; !needs || !f.claim(open.Window, o) {
					continue
				}
				worked = true
				if err := f.drive(ctx, open.Window, []*Outlet{o}, 0); err != nil {
					return err
				}
			}
			left = left || f.record.State().behind(o.Name)
		}
		switch {
		case last && left && p.Once:
			return ErrIncomplete
		case last && !left:
			return nil
		case worked && !left:
			continue
		}
		wake := planned
		if last {
			wake = nil // closed already: only the clock is waited for
		}
		if err := sleepOr(ctx, catchUpPause, wake); err != nil {
			return err
		}
	}
}

// catchUpPause is how often a sink looks for windows that were left open for it.
const catchUpPause = 500 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error { return sleepOr(ctx, d, nil) }

// sleepOr waits for d, or until wake is closed.
func sleepOr(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// report logs a failure once, at the level it deserves.
func (p *Pipeline) report(err error, doing string) {
	if !errors.Is(err, context.Canceled) {
		p.Stats.Failed(doing, err)
		p.Log.WithError(err).Warn("can't " + doing)
	}
}
