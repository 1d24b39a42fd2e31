package plugin

import (
	"context"
	"time"
)

// trip notes a failure. When the breaker opens, that is logged, and the module is tried again later; atOnce opens it
// whatever went before.
func (p *Process) trip(reason error, atOnce bool) {
	wait, open, first := p.breaker.failed(reason, atOnce)
	if !open {
		return
	}
	if first {
		p.log.WithError(reason).Error("the module is off: events go out without its tags, and it is tried again and again")
	}
	p.schedule(wait)
}

// worked notes that the module answered.
func (p *Process) worked() {
	if p.breaker.worked() {
		p.log.Info("the module is on again")
	}
}

// schedule has the module tried after wait, and at no other time.
func (p *Process) schedule(wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life.Err() != nil {
		return
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = time.AfterFunc(wait, p.revive)
}

// revive starts the program while no event waits for it, so that the next call can try it. A run that has another
// configuration than was asked for meanwhile is replaced.
func (p *Process) revive() {
	ctx, release, err := p.enter(context.Background(), whole)
	if err != nil {
		return // closed
	}
	defer release()
	wanted := p.wanted()
	if p.run == nil || p.run.Over() || p.given != wanted {
		if p.restart(ctx, wanted) != nil {
			return // the next try is scheduled
		}
	}
	p.breaker.ready()
}

// Health is how a module in a process of its own does.
type Health struct {
	On       bool      // it is asked about events
	Reason   string    // why it is off or the last call failed; "" when there is nothing to say
	Next     time.Time // when a module that is off is tried again; zero for one that is on
	Open     bool      // the breaker is open: it failed again and again
	Restarts int       // how often the program was started again after its first start
	Timeouts int64     // calls that had no answer in time
	LeftOut  int64     // lines that it wrote and that aren't in the log, as they were too many
}

// Health says how the module does. It asks nobody and doesn't wait.
func (p *Process) Health() Health {
	stage, next, reason := p.breaker.state()
	h := Health{On: stage == closed, Open: stage != closed, Restarts: p.Restarts(), Timeouts: p.timeouts.Load(), LeftOut: p.talk.total()}
	if h.On && !p.taken.Load() {
		h.On = false
		if reason == nil {
			reason = errStarting
			if down := p.withheld.Load(); down != nil {
				reason = down
			}
		}
	}
	if reason != nil {
		h.Reason = reason.Error()
	}
	if !h.On {
		h.Next = next
	}
	return h
}

// Restarts is how often the program was started again after its first start.
func (p *Process) Restarts() int { return int(max(0, p.starts.Load()-1)) }
