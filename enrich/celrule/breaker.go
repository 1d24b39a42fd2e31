package celrule

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/google/cel-go/interpreter"

	"github.com/riskrelay/riskrelay/enrich"
)

// maxBreaches is how often in a row a rule may be stopped for taking too long before it is switched off.
const maxBreaches = 5

// breaker switches a rule off that takes too long again and again. The zero value lets the rule run.
type breaker struct {
	breaches atomic.Int32 // in a row
	open     atomic.Bool  // the rule is off
}

// breach counts a breach and reports whether the rule has just been switched off.
func (b *breaker) breach() bool {
	return b.breaches.Add(1) >= maxBreaches && b.open.CompareAndSwap(false, true)
}

// reset notes that the rule ended in time.
func (b *breaker) reset() {
	if b.breaches.Load() != 0 {
		b.breaches.Store(0)
	}
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

// switchedOff writes the description anew.
func (s *ruleSet) switchedOff() {
	for {
		old, about := s.tripped.Load(), s.about
		about.Rules = slices.Clone(about.Rules)
		for i, r := range s.rules {
			if r.breaker.open.Load() {
				about.Rules[i].Off = fmt.Sprintf("took too long on %d events in a row", maxBreaches)
			}
		}
		if s.tripped.CompareAndSwap(old, &about) {
			return
		}
	}
}
