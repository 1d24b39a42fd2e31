package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
)

// maxRestarts bounds how often the program is started for one call of Tag. To find one event among 512 takes at most
// twelve starts, so a few such events in one call are still found each.
const maxRestarts = 40

// recovery judges events with which a run was lost. It has the Process for itself.
type recovery struct {
	*Process
	restarts int
	losses   int
	reason   error // of the last loss
	judged   bool  // some events were
	left     int   // events that weren't
	failed   error // why nobody is asked any more; nil while somebody may be
	noted    bool  // the breaker knows of failed
}

// recover starts the program again and judges events so that only those that it can't survive go without. It needs the
// whole gate. What isn't done when the call's time is over stays without an answer.
func (p *Process) recover(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	r := &recovery{Process: p}
	lists, err := r.judge(ctx, events)
	r.settle(ctx, err)
	if err == nil && r.failed != nil && !r.judged {
		return nil, r.failed
	}
	return lists, err
}

// settle tells the breaker how the recovery went: well when every event was judged.
func (r *recovery) settle(ctx context.Context, err error) {
	switch {
	case err != nil:
		r.note(ctx, err)
	case r.failed != nil && !r.noted:
		r.trip(r.failed, held(r.failed))
	case r.failed != nil:
	case r.left > 0:
		r.trip(r.reason, false)
	default:
		r.worked()
	}
}

// judge asks about all events at once, and after a loss about each half. A single event has a second chance, because a
// run may end for reasons of its own. The error is the module's or the context's, never a loss.
func (r *recovery) judge(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	chances := 1
	if len(events) == 1 {
		chances = 2
	}
	var err error
	for ; chances > 0; chances-- {
		if r.failed != nil {
			return r.refused(len(events), r.failed), nil
		}
		var lists [][]enrich.Tag
		if lists, err = r.attempt(ctx, events); err == nil {
			r.judged = true
			return lists, nil
		}
		if lost := new(lostError); !errors.As(err, &lost) && r.failed == nil {
			return nil, err
		}
	}
	if r.failed != nil || len(events) == 1 {
		return r.refused(len(events), err), nil
	}
	half := len(events) / 2
	left, err := r.judge(ctx, events[:half])
	if err != nil {
		return nil, err
	}
	right, err := r.judge(ctx, events[half:])
	return append(left, right...), err
}

// attempt asks about events once, with a new run if need be.
func (r *recovery) attempt(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if r.run == nil || r.run.Over() {
		if r.restarts == maxRestarts {
			r.failed = fmt.Errorf("module ended %d times over one batch, the last time: %w", r.losses, r.reason)
			return nil, r.failed
		}
		r.restarts++
		if err := r.ensure(ctx, r.wanted()); err != nil {
			return nil, r.giveUp(ctx, err, true)
		}
	}
	lists, err := r.run.Tag(ctx, events)
	switch lost, late := new(lostError), new(lateError); {
	case errors.As(err, &lost):
		r.losses++
		r.reason = err
	case errors.As(err, &late):
		r.timeouts.Add(1)
		r.failed = err // events that aren't the reason for a crash aren't searched for either
	case err != nil:
		return nil, r.giveUp(ctx, err, false)
	}
	return lists, err
}

// giveUp ends the recovery when the program can't be started, which the breaker knows, or the call's time is over. An
// error of the module or of the caller is left to judge.
func (r *recovery) giveUp(ctx context.Context, err error, start bool) error {
	switch {
	case held(context.Cause(ctx)):
		r.timeouts.Add(1)
		r.failed = r.held
		return r.held
	case start && ctx.Err() == nil:
		r.failed, r.noted = err, true
	}
	return err
}

// refused is an answer about n events that says why there is none.
func (r *recovery) refused(n int, reason error) [][]enrich.Tag {
	r.left += n
	lists := make([][]enrich.Tag, n)
	for i := range lists {
		lists[i] = []enrich.Tag{{Error: reason.Error()}}
	}
	return lists
}
