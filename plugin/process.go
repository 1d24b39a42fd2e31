package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/riskrelay/riskrelay/enrich"
)

// ErrClosed is what calls of a closed Process return.
var ErrClosed = errors.New("the module was stopped")

// run is one run of a module's program; *session is one.
type run interface {
	Configure(ctx context.Context, config enrich.Config) (enrich.Description, error)
	// Tag returns a *lostError when the run is over and its events may be the reason.
	Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error)
	Over() bool // ended, by itself or not
	Close()
}

// Process is a module in a process of its own. It is safe for use by several goroutines.
//
// When the program ends, the next call starts it again, with the last configuration that it took. Events that were with
// it are given to the new run once more, and then in halves, until the event that the program can't survive is alone
// and carries the error as a tag. When the program can't be started, calls fail at once for a while that grows from
// try to try, so that events go on with the reason beside them instead of waiting.
type Process struct {
	start   func(context.Context) (run, enrich.Description, error)
	free    func()      // lets go of what Launch took
	exe     *executable // nil in tests without a program
	starts  atomic.Int64
	backoff Backoff

	life context.Context // ends with Close
	end  context.CancelFunc
	once sync.Once

	// gate is taken in part by calls to a run that works, and as a whole by everything that changes the fields below
	// it: so an event that ends the run can't be blamed on somebody else's.
	gate     *semaphore.Weighted
	run      run // nil before the first and after a failed start
	config   *enrich.Config
	failures int       // runs that failed, since the last call that went well
	next     time.Time // no start before
	reason   error     // of the last failure

	mu    sync.Mutex
	about enrich.Description
}

var _ enrich.Module = (*Process)(nil)

// whole is all of the gate.
const whole = math.MaxInt32

func newProcess(start func(context.Context) (run, enrich.Description, error), backoff Backoff, free func()) *Process {
	p := &Process{start: start, free: free, backoff: backoff, gate: semaphore.NewWeighted(whole)}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// Describe returns the description that the module gave when it was last started or configured. It asks nobody and
// never fails.
func (p *Process) Describe(context.Context) (enrich.Description, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.about, nil
}

// Configure gives the module a new configuration and remembers it for the next start. The error is the module's own,
// whole; after an error the configuration before it still holds.
func (p *Process) Configure(ctx context.Context, config enrich.Config) error {
	ctx, release, err := p.enter(ctx, whole)
	if err != nil {
		return err
	}
	defer release()
	fresh := p.run == nil || p.run.Over()
	if fresh { // not by ensure: the configuration of before may be why the module doesn't run
		if err := p.restart(ctx, nil); err != nil {
			return err
		}
	}
	about, err := p.run.Configure(ctx, config)
	if err != nil {
		if fresh {
			p.drop() // it has no configuration at all
		}
		return err
	}
	p.config = cloned(config)
	p.describe(about)
	p.failures, p.next = 0, time.Time{}
	return nil
}

// Tag returns one list of tags per event, in order. An event that the module can't survive, or about which it said what
// no module may say, has a tag with Error and without a rule.
func (p *Process) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if len(events) == 0 {
		return [][]enrich.Tag{}, nil
	}
	lists, err := p.tag(ctx, events)
	if lost := new(lostError); !errors.As(err, &lost) {
		return lists, err
	}
	ctx, release, err := p.enter(ctx, whole)
	if err != nil {
		return nil, err
	}
	defer release()
	return p.recover(ctx, events)
}

// tag asks the run that there is.
func (p *Process) tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	ctx, release, err := p.enter(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer release()
	if p.run == nil || p.run.Over() {
		return nil, &lostError{errors.New("not running")}
	}
	return p.run.Tag(ctx, events)
}

// Close ends the program and everything that it started, and lets calls that are under way fail with ErrClosed. The
// error is always nil.
func (p *Process) Close() error {
	p.once.Do(func() {
		p.end()
		_ = p.gate.Acquire(context.Background(), whole) // never given back: every later call sees that life is over
		p.drop()
		p.free()
	})
	return nil
}

// enter waits for a share of the gate. The context that it returns also ends with the Process; release must be called.
func (p *Process) enter(ctx context.Context, share int64) (_ context.Context, release func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.life, func() { cancel(ErrClosed) })
	leave := func() { stop(); cancel(nil) }
	if err := p.gate.Acquire(ctx, share); err != nil {
		err = context.Cause(ctx)
		leave()
		return nil, nil, err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		p.gate.Release(share)
		leave()
		return nil, nil, err
	}
	return ctx, func() { p.gate.Release(share); leave() }, nil
}

// patience is how long a call waits for the next start rather than fail.
const patience = time.Second

// ensure makes sure that there is a run with the last configuration. It needs the whole gate.
func (p *Process) ensure(ctx context.Context) error {
	if p.run != nil && !p.run.Over() {
		return nil
	}
	wait := time.Until(p.next)
	if wait > patience {
		return fmt.Errorf("module is down and will be started again in %v: %w", wait.Round(100*time.Millisecond), p.reason)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return p.restart(ctx, p.config)
}

// restart replaces the run by a new one with config, nil for none. It needs the whole gate.
func (p *Process) restart(ctx context.Context, config *enrich.Config) error {
	p.drop()
	r, about, err := p.start(ctx)
	if err == nil && config != nil {
		if about, err = r.Configure(ctx, *config); err != nil {
			err = fmt.Errorf("with the last configuration: %w", err)
			r.Close()
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			p.fail(err)
		}
		return err
	}
	p.run = r
	p.starts.Add(1)
	p.describe(about)
	return nil
}

// Restarts is how often the program was started again after its first start.
func (p *Process) Restarts() int { return int(max(0, p.starts.Load()-1)) }

// drop ends the run.
func (p *Process) drop() {
	if p.run != nil {
		p.run.Close()
		p.run = nil
	}
}

// fail makes the next start wait.
func (p *Process) fail(reason error) {
	p.reason = reason
	p.next = time.Now().Add(p.backoff.after(p.failures))
	p.failures++
}

func (p *Process) describe(about enrich.Description) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.about = about
}

func cloned(c enrich.Config) *enrich.Config {
	files := slices.Clone(c.Files)
	for i := range files {
		files[i].Data = bytes.Clone(files[i].Data)
	}
	return &enrich.Config{Files: files, Settings: bytes.Clone(c.Settings)}
}

// removeAll is os.RemoveAll for a place that may be "".
func removeAll(dir string) {
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
}
