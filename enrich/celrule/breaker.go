package celrule

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/cel-go/interpreter"
)

// maxBreaches is how often in a row a rule may be stopped for taking too long before it is switched off.
const maxBreaches = 5

// coolDown is how long a rule stays off before it is tried again on one event. An attacker who can send costly events
// must not be able to silence a rule for long.
const coolDown = 30 * time.Second

// breaker switches a rule off that takes too long again and again. The zero value lets the rule run.
type breaker struct {
	breaches atomic.Int32 // in a row
	// retry is when the next event is tried; nil while the rule is on. A number would follow the machine's clock when it is set.
	retry atomic.Pointer[time.Time]

	stopped atomic.Uint64 // events on which the rule was stopped
	tripped atomic.Bool   // it was stopped so often in a row that it is, or would be, switched off
	closed  bool          // the rule stays on, for measurements and explanations
}

// lets reports whether the rule may look at an event: always while it is on, and once each coolDown while it is off.
func (b *breaker) lets() bool {
	retry := b.retry.Load()
	if retry == nil {
		return true
	}
	now := time.Now()
	next := now.Add(coolDown)
	return !now.Before(*retry) && b.retry.CompareAndSwap(retry, &next)
}

// breach counts a breach and reports whether the rule has just been switched off.
func (b *breaker) breach() bool {
	b.stopped.Add(1)
	if b.breaches.Add(1) < maxBreaches {
		return false
	}
	b.tripped.Store(true)
	if b.closed {
		return false
	}
	next := time.Now().Add(coolDown)
	return b.retry.Swap(&next) == nil
}

// reset notes that the rule ended in time, and reports whether that switched it on again.
func (b *breaker) reset() bool {
	if b.breaches.Load() != 0 {
		b.breaches.Store(0)
	}
	return b.retry.Load() != nil && b.retry.Swap(nil) != nil
}

// isBreach reports whether an evaluation was stopped for what it cost.
func isBreach(err error) bool {
	var cancelled interpreter.EvalCancelledError
	return errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded
}
