package plugin

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// maxFailures is how many calls or starts may fail one after the other before events don't wait for the module any more.
const maxFailures = 3

// maxHold is how long one call of Tag takes at most, whatever the module does: a wait for others, a restart and the search
// for an event that ends the program are part of it.
const maxHold = 10 * time.Second

// heldError ends a call of Tag that took as long as one may.
type heldError struct{ limit time.Duration }

func (e *heldError) Error() string { return fmt.Sprintf("module held the events for %v", e.limit) }

// held reports whether err is a *heldError or wraps one.
func held(err error) bool {
	e := new(heldError)
	return errors.As(err, &e)
}

// errStarting is why a module that was never ready isn't.
var errStarting = errors.New("module is being started")

// stage is what a breaker lets through.
type stage int

const (
	closed   stage = iota // every call
	opened                // none: the module has time to come to itself
	halfOpen              // one, which tries the module
	trying                // none until that one has ended
)

// breaker keeps events from waiting for a module that fails again and again. It asks nobody and starts nothing.
type breaker struct {
	backoff backoff.Policy
	well    atomic.Bool // closed and without failures: calls needn't wait for mu

	mu       sync.Mutex // guards the following
	stage    stage
	failures int       // since the last call that went well
	next     time.Time // no start and no try before
	reason   error     // of the last failure
}

func newBreaker(policy backoff.Policy) *breaker {
	b := &breaker{backoff: policy}
	b.well.Store(true)
	return b
}

// allow returns nil when a call may ask the module, otherwise why it may not. Each call that may ends in one of worked,
// failed and undecided.
func (b *breaker) allow() error {
	if b.well.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.stage {
	case closed:
		return nil
	case halfOpen:
		b.stage = trying
		return nil
	}
	return b.refusal()
}

// off returns why nobody may ask the module, nil when somebody may. It changes nothing.
func (b *breaker) off() error {
	if b.well.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stage != opened {
		return nil
	}
	return b.refusal()
}

// refusal says why a call isn't let through. It stands in each event, so that it holds no time: Health tells when the module is
// tried again, and in a SIEM events with one reason can be counted. The lock is held.
func (b *breaker) refusal() error { return fmt.Errorf("module is off: %w", b.reason) }

// failed notes a failure: a call, or a start, went wrong. The breaker opens when it is one too many, when it was the try,
// or at once when that is asked for; then wait is for how long, and first says that it wasn't open for the same reason.
func (b *breaker) failed(reason error, atOnce bool) (wait time.Duration, open, first bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.well.Store(false)
	wait = b.backoff.After(b.failures)
	b.failures++
	if atOnce {
		b.failures = max(b.failures, maxFailures)
	}
	first = b.stage == closed || b.reason == nil || b.reason.Error() != reason.Error()
	b.next, b.reason = time.Now().Add(wait), reason
	if b.failures < maxFailures && b.stage == closed {
		return wait, false, false
	}
	b.stage = opened
	return wait, true, first
}

// worked notes that the module answered, and reports whether it was off before.
func (b *breaker) worked() (was bool) {
	if b.well.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	was = b.stage != closed
	b.stage, b.failures, b.next, b.reason = closed, 0, time.Time{}, nil
	b.well.Store(true)
	return was
}

// undecided notes that a call ended for reasons of its caller: if it was the try, another may be.
func (b *breaker) undecided() {
	if b.well.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stage == trying {
		b.stage = halfOpen
	}
}

// ready notes that the module runs again, so that a call may try it.
func (b *breaker) ready() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stage == opened {
		b.stage = halfOpen
	}
}

// wait is for how long the program shall not be started.
func (b *breaker) wait() (left time.Duration, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Until(b.next), b.reason
}

// state is the stage, when the next try is, and the last failure, nil when there is none.
func (b *breaker) state() (at stage, next time.Time, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stage, b.next, b.reason
}
