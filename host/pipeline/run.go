package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
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
	// Forget names sinks that are gone for good: what waits for them is given up.
	Forget []string

	mu      sync.Mutex
	records map[string]Record // of the streams that run
}

const (
	// sharedPatience is how long a window that several sinks share waits for the slowest before that sink is left behind.
	sharedPatience = 2 * time.Second
	// maxOpen stops planning when so many windows of a stream wait for a sink: the workspace is the buffer.
	maxOpen = 2000
	// mergeAt is how many open windows are joined where they can be.
	mergeAt = 200
	// mergeAllAt is how many open windows are joined even when urgent ones are among them.
	mergeAllAt = 1000
	// fullPause is how long planning rests then.
	fullPause = 10 * time.Second
	// maxTries is how often a window is read before the stream goes on without it; it is read again later.
	maxTries = 4
)

// deferring is how long a window waits that couldn't be read in maxTries.
func deferring() backoff.Policy { return backoff.Policy{Min: 5 * time.Second, Max: 15 * time.Minute} }

// ErrIncomplete says that a pipeline run once could not hand everything over; the ledger knows what is left.
var ErrIncomplete = errors.New("some windows could not be read or delivered: they stay open and are handled by the next run")

// Run moves events until ctx ends or, with Once, until everything planned is done. A nil error means that nothing
// was left behind but what the ledger says.
func (p *Pipeline) Run(ctx context.Context) error {
	send, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(p.Drain, cancel) }) // also after an error of the run's own
	defer stop()

	var ended failures
	var others sync.WaitGroup // streams that bring rows of their own
	for _, s := range p.Streams {
		record, err := p.open(s)
		if err != nil {
			return err
		}
		f := &follower{Pipeline: p, stream: s, record: record, send: send, claims: map[claim]bool{}, later: map[claim]*deferral{}}
		if err := f.abandoned(); err != nil {
			return err
		}
		p.Stats.Rests(s.Name, 0) // nothing was expected of it before
		planned := make(chan struct{})
		done := func() {}
		if s.Ended == nil {
			others.Add(1)
			done = others.Done
		}
		group.Go(func() error {
			defer done()
			defer close(planned)
			return ended.keep(f.follow(ctx))
		})
		for i := range p.Outlets {
			group.Go(func() error { return ended.keep(f.catchUp(ctx, &p.Outlets[i], planned)) })
		}
	}
	for _, s := range p.Streams {
		if s.Ended != nil {
			group.Go(func() error { others.Wait(); s.Ended(); return nil })
		}
	}
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // asked to end
	}
	return errors.Join(err, ended.err())
}

// failures collects how streams and sinks ended, so that one that fails doesn't end the others.
type failures struct {
	mu   sync.Mutex
	list []error
}

// keep returns only an error that must end all: a ledger that can't be written, or the end of the run.
func (f *failures) keep(err error) error {
	if err == nil || errors.As(err, new(*ledgerError)) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.list, func(known error) bool { return known.Error() == err.Error() }) {
		f.list = append(f.list, err)
	}
	return nil
}

func (f *failures) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.list...)
}

func (p *Pipeline) open(s Stream) (r Record, err error) {
	if r = (&volatile{}); !s.Volatile {
		if r, err = p.Ledger.Open(s.Name); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.records == nil {
		p.records = map[string]Record{}
	}
	p.records[s.Name] = r
	return r, nil
}

// Record is the state of a stream that runs; ok is false for one that doesn't.
func (p *Pipeline) Record(stream string) (r Record, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok = p.records[stream]
	return r, ok
}

// States are copies of what is known of the streams that run, by name.
func (p *Pipeline) States() map[string]*State {
	p.mu.Lock()
	defer p.mu.Unlock()
	states := make(map[string]*State, len(p.records))
	for name, r := range p.records {
		states[name] = r.State()
	}
	return states
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
	defer v.state.TakeProof() // nobody asks for it
	return change(&v.state)
}

func (p *Pipeline) outletNames() (names []string) {
	for _, o := range p.Outlets {
		names = append(names, o.Name)
	}
	return names
}

// report logs a failure once, at the level it deserves.
func (p *Pipeline) report(err error, doing string) {
	if !errors.Is(err, context.Canceled) {
		p.Stats.Failed(doing, err)
		p.Log.WithError(err).Warn("can't " + doing)
	}
}
