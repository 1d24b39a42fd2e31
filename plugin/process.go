package plugin

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// ErrClosed is what calls of a closed Process return.
var ErrClosed = errors.New("the module was stopped")

// run is one run of a module's program; *session is one.
type run interface {
	Configure(ctx context.Context, config enrich.Config) (enrich.Description, error)
	// Tag answers in time. It returns a *lostError when the run is over and its events may be the reason, and a *lateError
	// when it is over as there was no answer.
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
	talk     *talk                    // nil when nobody listens
	running  *atomic.Pointer[program] // nil in tests without a program
	starts   atomic.Int64
	timeouts atomic.Int64
	taken    atomic.Bool               // a run took a configuration
	taking   atomic.Bool               // a run is given one
	withheld atomic.Pointer[DownError] // why there is none to give
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

func newProcess(start func(context.Context) (run, enrich.Description, error), policy backoff.Policy, free func()) *Process {
	p := &Process{start: start, free: free, log: new(logrus.Logger), breaker: newBreaker(policy), held: &heldError{maxHold}, gate: semaphore.NewWeighted(whole)}
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
	p.withheld.Store(nil)
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

// Tag returns one list of tags per event, in order. An event that the module can't survive, or about which it said what
// no module may say, has a tag with Error and without a rule. The answer is there within ten seconds, or TagTimeout when
// that is longer.
func (p *Process) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if len(events) == 0 {
		return [][]enrich.Tag{}, nil
	}
	if err := p.unready(); err != nil {
		return nil, err
	}
	if err := p.breaker.allow(); err != nil {
		return nil, err
	}
	begin := time.Now()
	lists, err := p.askAtOnce(ctx, events)
	if err == nil {
		p.worked()
		return lists, nil
	}
	ctx, cancel := context.WithDeadlineCause(ctx, begin.Add(p.held.limit), p.held) // what goes well at once needs none
	defer cancel()
	if errors.Is(err, errBusy) {
		lists, err = p.askInTurn(ctx, events)
	}
	if lost := new(lostError); errors.As(err, &lost) {
		return p.rescue(ctx, events)
	}
	p.note(ctx, err)
	return lists, err
}

// Withhold says why there is no configuration to give. When the module never took one it is off until the next Configure, and
// the error is a *DownError; otherwise the configuration that it has holds, and the error is reason.
func (p *Process) Withhold(reason error) error {
	if p.taken.Load() {
		return reason
	}
	down := &DownError{reason}
	p.withheld.Store(down)
	return down
}

// unready is why events don't wait for a module that never took a configuration, nil when they may.
func (p *Process) unready() error {
	if p.taken.Load() {
		return nil
	}
	if down := p.withheld.Load(); down != nil {
		return down
	}
	if p.taking.Load() { // whoever starts it has waited already
		return errStarting
	}
	return nil
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
