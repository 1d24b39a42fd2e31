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
	judged   bool  // some events were
	failed   error // why there will be no further start; nil while there may be
}

// recover starts the program again and judges events so that only those that it can't survive go without. It needs the
// whole gate.
func (p *Process) recover(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	r := &recovery{Process: p}
	lists, err := r.judge(ctx, events)
	switch {
	case err != nil:
		return nil, err
	case r.failed != nil && !r.judged:
		return nil, r.failed
	case r.losses == 0:
		p.failures = 0
	}
	return lists, nil
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
			return refused(len(events), r.failed), nil
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
		return refused(len(events), err), nil
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
			r.fail(r.failed)
			return nil, r.failed
		}
		r.restarts++
		if err := r.begin(ctx); err != nil {
			return nil, err
		}
	}
	lists, err := r.run.Tag(ctx, events)
	if lost := new(lostError); errors.As(err, &lost) {
		r.losses++
		r.reason = err
	}
	return lists, err
}

// maxStarts is how often a start that fails is repeated for one call.
const maxStarts = 3

// begin starts the program. When that fails, it ends the recovery.
func (r *recovery) begin(ctx context.Context) (err error) {
	for range maxStarts {
		if err = r.ensure(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
	r.failed = err
	return err
}

// refused is an answer about n events that says why there is none.
func refused(n int, reason error) [][]enrich.Tag {
	lists := make([][]enrich.Tag, n)
	for i := range lists {
		lists[i] = []enrich.Tag{{Error: reason.Error()}}
	}
	return lists
}
