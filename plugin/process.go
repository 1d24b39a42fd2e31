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

	"github.com/sirupsen/logrus"
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
// and carries the error as a tag. A call without an answer in time fails, and ends the run.
//
// When three calls or starts in a row fail, or one call took ten seconds, the module is off: calls fail at once, so that
// events go on with the reason beside them instead of waiting. The program is started again behind their back, after a
// time that grows from try to try; then one call may try it, and when that goes well the module is on again.
type Process struct {
	start    func(context.Context) (run, enrich.Description, error)
	free     func() // lets go of what the start took
	name     string // as the host calls it; "" is the module's own name
	log      logrus.FieldLogger
	talk     *talk // nil when nobody listens
	starts   atomic.Int64
	timeouts atomic.Int64
	taken    atomic.Bool // a run took a configuration
	taking   atomic.Bool // a run is given one
	breaker  *breaker
	held     *heldError // ends calls

	life context.Context // ends with Close
	end  context.CancelFunc
	once sync.Once

	// gate is taken in part by calls to a run that works, and as a whole by everything that changes the fields below
	// it: so an event that ends the run can't be blamed on somebody else's.
	gate  *semaphore.Weighted
	run   run            // nil before the first and after a failed start
	given *enrich.Config // what run was configured with

	mu     sync.Mutex // guards the following
	about  enrich.Description
	config *enrich.Config // of the next run
	timer  *time.Timer    // of the next revival; nil before the first
}

var _ enrich.Module = (*Process)(nil)

// DownError says that a module is off: its program doesn't start, or didn't take the only configuration that it ever was
// given. It is tried again with what it was to be configured with.
type DownError struct{ reason error }

func (e *DownError) Error() string { return e.reason.Error() }

// Unwrap returns the reason.
func (e *DownError) Unwrap() error { return e.reason }

// whole is all of the gate.
const whole = math.MaxInt32

func newProcess(start func(context.Context) (run, enrich.Description, error), backoff Backoff, free func()) *Process {
	p := &Process{start: start, free: free, log: silent(), breaker: newBreaker(backoff), held: &heldError{maxHold}, gate: semaphore.NewWeighted(whole)}
	p.life, p.end = context.WithCancel(context.Background())
	return p
}

// Describe returns the description that the module gave when it was last started or configured, under the name that the
// host gave it. It asks nobody and never fails; before the first start it knows no more than the name.
func (p *Process) Describe(context.Context) (enrich.Description, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	about := p.about
	if p.name != "" {
		about.Name = p.name
	}
	return about, nil
}

// Configure gives the module a new configuration and remembers it for the next start. After a *DownError the module is off
// and will be started with this one. Every other error is the module's own, whole, and then the configuration before it
// still holds.
func (p *Process) Configure(ctx context.Context, config enrich.Config) error {
	wanted := cloned(config)
	if reason := p.breaker.off(); reason != nil { // whoever starts it now may take long
		p.want(wanted)
		p.schedule(0)
		return &DownError{reason}
	}
	p.taking.Store(true)
	defer p.taking.Store(false)
	ctx, release, err := p.enter(ctx, whole)
	if err != nil {
		return err
	}
	defer release()
	fresh := p.run == nil || p.run.Over()
	if fresh { // without the configuration of before, which may be why the module doesn't run
		if err := p.ensure(ctx, nil); err != nil {
			p.want(wanted)
			return &DownError{err}
		}
	}
	about, err := p.run.Configure(ctx, config)
	if err != nil {
		if fresh {
			p.drop() // it has no configuration at all
			return p.insist(wanted, err)
		}
		return err
	}
	p.want(wanted)
	p.given = wanted
	p.describe(about)
	p.taken.Store(true)
	p.worked()
	return nil
}

// insist makes wanted the configuration of the next run when there is no other, though a run didn't take it: without any,
// the module would say nothing about events, and nobody would know.
func (p *Process) insist(wanted *enrich.Config, reason error) error {
	if p.wanted() != nil {
		return reason
	}
	p.want(wanted)
	p.trip(reason, true)
	return &DownError{reason}
}

// Tag returns one list of tags per event, in order. An event that the module can't survive, or about which it said what
// no module may say, has a tag with Error and without a rule. The answer is there within ten seconds, or TagTimeout when
// that is longer.
func (p *Process) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if len(events) == 0 {
		return [][]enrich.Tag{}, nil
	}
	if !p.taken.Load() && p.taking.Load() { // whoever starts it has waited already
		return nil, errStarting
	}
	if err := p.breaker.allow(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.held.limit, p.held)
	defer cancel()
	lists, err := p.tag(ctx, events)
	if err == nil {
		p.worked()
		return lists, nil
	}
	if lost := new(lostError); errors.As(err, &lost) {
		return p.rescue(ctx, events)
	}
	p.note(ctx, err)
	return nil, err
}

// note settles what a call that failed means for those that follow.
func (p *Process) note(ctx context.Context, err error) {
	switch late := new(lateError); {
	case errors.As(err, &late):
		p.timeouts.Add(1)
		p.trip(err, false)
	case held(err):
		p.timeouts.Add(1)
		p.trip(err, true)
	case ctx.Err() != nil:
		p.breaker.undecided()
	default:
		p.worked() // it answered, though it can't judge
	}
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

// rescue judges events that were with a run that ended.
func (p *Process) rescue(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	ctx, release, err := p.enter(ctx, whole)
	if err != nil {
		p.note(ctx, err)
		return nil, err
	}
	defer release()
	return p.recover(ctx, events)
}

// Close ends the program and everything that it started, and lets calls that are under way fail with ErrClosed. The
// error is always nil.
func (p *Process) Close() error {
	p.once.Do(func() {
		p.end()
		_ = p.gate.Acquire(context.Background(), whole) // never given back: every later call sees that life is over
		p.drop()
		p.mu.Lock()
		if p.timer != nil {
			p.timer.Stop()
		}
		p.mu.Unlock()
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
		return ctx, nil, err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		p.gate.Release(share)
		leave()
		return ctx, nil, err
	}
	return ctx, func() { p.gate.Release(share); leave() }, nil
}

// patience is how long a call waits for the next start rather than fail.
const patience = time.Second

// ensure makes sure that there is a run, a new one with config, nil for none. It needs the whole gate. The error says why
// the last start failed; the breaker knows of each.
func (p *Process) ensure(ctx context.Context, config *enrich.Config) (err error) {
	for range maxFailures {
		if p.run != nil && !p.run.Over() {
			return nil
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
		if err = p.restart(ctx, config); err == nil || ctx.Err() != nil || p.breaker.off() != nil {
			return err
		}
	}
	return err
}

// pause waits until the program may be started, unless that is far away.
func (p *Process) pause(ctx context.Context) error {
	wait, reason := p.breaker.wait()
	if wait <= 0 {
		return nil
	}
	if wait > patience {
		return fmt.Errorf("module is down and will be started again in %v: %w", wait.Round(100*time.Millisecond), reason)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// restart replaces the run by a new one with config, nil for none. It needs the whole gate. A start that fails late opens
// the breaker: no call shall wait for the next.
func (p *Process) restart(ctx context.Context, config *enrich.Config) error {
	p.drop()
	begin := time.Now()
	r, about, err := p.start(ctx)
	if err == nil && config != nil {
		if about, err = r.Configure(ctx, *config); err != nil {
			err = fmt.Errorf("with the last configuration: %w", err)
			r.Close()
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			p.trip(err, time.Since(begin) >= p.held.limit)
		}
		return err
	}
	p.run, p.given = r, config
	p.starts.Add(1)
	p.describe(about)
	if config != nil {
		p.taken.Store(true)
	}
	return nil
}

// drop ends the run.
func (p *Process) drop() {
	if p.run != nil {
		p.run.Close()
		p.run = nil
	}
}

func (p *Process) describe(about enrich.Description) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.about = about
}

func (p *Process) want(config *enrich.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = config
}

func (p *Process) wanted() *enrich.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
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
