package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// drive reads w for outlets, which hold claims on it, and tries again until each of them is done, was left behind,
// or the window proved unreadable for now. It gives the claims back. Patience is how long the window waits for a
// sink that doesn't take the next batch, 0 for as long as it needs. Its error is fatal: the ledger can't be
// written, or ctx ended.
func (f *follower) drive(ctx context.Context, w Window, outlets []*Outlet, patience time.Duration) error {
	defer f.release(w, outlets)
	for try := 1; ; try++ {
		left, err := f.round(ctx, w, outlets, patience)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(*ledgerError)):
			return err
		case err == nil, errors.Is(err, errNotOpen): // cut by another sink's reading: its parts are open
			f.put(w, outlets, false)
			return nil
		case errors.Is(err, ErrTooLarge):
			return f.halves(ctx, w, outlets, patience, err)
		}
		f.report(err, "read "+w.String())
		if outlets = left; len(outlets) == 0 {
			return nil
		}
		if try >= maxTries {
			f.put(w, outlets, true) // open in the ledger; catchUp comes back to it
			return nil
		}
		wait := pause(err, try)
		if f.Once {
			wait = min(wait, time.Minute)
		}
		f.Stats.Rests(f.stream.Name, wait)
		if err := backoff.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// round reads w once for each group of outlets that have the same mark, and returns those that still need it.
func (f *follower) round(ctx context.Context, w Window, outlets []*Outlet, patience time.Duration) (left []*Outlet, err error) {
	for mark, group := range f.byMark(w, outlets) {
		behind, passErr := f.pass(ctx, w, mark, group, patience)
		if passErr != nil {
			err = errors.Join(err, passErr)
			left = append(left, without(group, behind)...)
		}
	}
	return left, err
}

// byMark groups the outlets that still need w by how far they are.
func (f *follower) byMark(w Window, outlets []*Outlet) map[Mark][]*Outlet {
	state, groups := f.record.State(), map[Mark][]*Outlet{}
	for _, o := range outlets {
		if s, ok := state.Sink(w, o.Name); ok {
			groups[s.Mark] = append(groups[s.Mark], o)
		}
	}
	return groups
}

func without(all, some []*Outlet) (rest []*Outlet) {
	gone := map[*Outlet]bool{}
	for _, o := range some {
		gone[o] = true
	}
	for _, o := range all {
		if !gone[o] {
			rest = append(rest, o)
		}
	}
	return rest
}

// halves cuts a window that was too large and drives both parts.
func (f *follower) halves(ctx context.Context, w Window, outlets []*Outlet, patience time.Duration, why error) error {
	a, b, err := w.Cut()
	if err != nil {
		f.report(fmt.Errorf("%w: %w", err, why), "read "+w.String())
		f.put(w, outlets, true)
		return nil
	}
	f.Log.WithField("window", w.String()).Debug("window too large, reading it in halves")
	f.Stats.Split()
	for _, part := range []Window{a, b} {
		for _, o := range outlets {
			f.claim(part, o)
		}
	}
	failpoint.Hit(failpoint.WindowUncut)
	if err = f.update(func(s *State) error { return s.Cut(w) }); err == nil {
		failpoint.Hit(failpoint.WindowCut)
		err = f.drive(ctx, a, outlets, patience)
	}
	if err != nil {
		f.release(a, outlets)
		f.release(b, outlets)
		if errors.Is(err, errNotOpen) {
			return nil
		}
		return err
	}
	return f.drive(ctx, b, outlets, patience)
}

// ledgerError is a ledger that can't be written any more: it belongs to somebody else now, or the run ends. Nothing may
// be sent that can't be written down, so it ends the run.
type ledgerError struct{ error }

func (e *ledgerError) Unwrap() error { return e.error }

// report logs and counts a failure of the stream.
func (f *follower) report(err error, doing string) {
	if !errors.Is(err, context.Canceled) {
		f.Stats.StreamFailed(f.stream.Name, doing, err)
	}
	f.Pipeline.report(err, doing)
}

// update changes the ledger. A disk that is full or fails is waited for: the workspace keeps the rows meanwhile.
func (f *follower) update(change func(*State) error) error {
	for try := 1; ; try++ {
		err := f.record.Update(change)
		switch {
		case err == nil || errors.Is(err, errNotOpen):
			return err
		case errors.Is(err, ErrConflict) || f.Once && try > maxTries:
			return &ledgerError{err}
		}
		f.report(err, "write the ledger")
		wait := pause(err, try)
		f.Stats.Rests(f.stream.Name, wait)
		if backoff.Sleep(f.send, wait) != nil {
			return &ledgerError{err}
		}
	}
}
