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
	retry    atomic.Int64 // when the next event is tried, in Unix nanoseconds; 0 while the rule is on
}

// lets reports whether the rule may look at an event: always while it is on, and once each coolDown while it is off.
func (b *breaker) lets() bool {
	retry := b.retry.Load()
	if retry == 0 {
		return true
	}
	now := time.Now().UnixNano()
	return now >= retry && b.retry.CompareAndSwap(retry, now+int64(coolDown))
}

// breach counts a breach and reports whether the rule has just been switched off.
func (b *breaker) breach() bool {
	if b.breaches.Add(1) < maxBreaches {
		return false
	}
	return b.retry.Swap(time.Now().Add(coolDown).UnixNano()) == 0
}

// reset notes that the rule ended in time, and reports whether that switched it on again.
func (b *breaker) reset() bool {
	if b.breaches.Load() != 0 {
		b.breaches.Store(0)
	}
	return b.retry.Load() != 0 && b.retry.Swap(0) != 0
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
			if r.breaker.retry.Load() != 0 {
				about.Rules[i].Off = fmt.Sprintf("took too long on %d events in a row, tried again every %v", maxBreaches, coolDown)
			}
		}
		if s.tripped.CompareAndSwap(old, &about) {
			return
		}
	}
}
