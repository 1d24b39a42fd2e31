package celrule

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/cel-go/interpreter"

	"github.com/riskrelay/riskrelay/enrich"
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

// Stops says on how many events a rule was stopped for taking too long.
type Stops struct {
	Events uint64
	Off    bool // it happened on so many events in a row that the rule is, or was, switched off for a while
}

// Stops tells of the rule called id since the module was configured; nothing for a rule that isn't there. A rule of
// [Module.Only] or [Module.Unswitched] stays on, Off says of it that it would not.
func (m *Module) Stops(id string) Stops {
	r, err := m.set.Load().ruleByID(id)
	if err != nil {
		return Stops{}
	}
	return Stops{r.breaker.stopped.Load(), r.breaker.tripped.Load()}
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

// describe is the set's description; rules that the breaker switched off are off in it.
func (s *ruleSet) describe() enrich.Description {
	if about := s.tripped.Load(); about != nil {
		return *about
	}
	return s.about
}

// switched writes the description anew when a rule was switched off or on.
func (s *ruleSet) switched() {
	for {
		old, about := s.tripped.Load(), s.about
		about.Rules = slices.Clone(about.Rules)
		for i, r := range s.rules {
			if r.breaker.retry.Load() != nil {
				about.Rules[i].Off = fmt.Sprintf("took too long on %d events in a row, tried again every %v", maxBreaches, coolDown)
			}
		}
		if s.tripped.CompareAndSwap(old, &about) {
			return
		}
	}
}
