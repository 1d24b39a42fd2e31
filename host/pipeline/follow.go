package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// follower moves one stream.
type follower struct {
	*Pipeline
	stream Stream
	record Record
	send   context.Context // ends later than the reading, so that what was read can be sent

	mu     sync.Mutex
	claims map[claim]bool      // who is being served right now
	later  map[claim]*deferral // who waits because the window could not be read
}

// follow plans windows and reads each for all sinks that keep up. Sinks that don't are served by catchUp.
func (f *follower) follow(ctx context.Context) error {
	var failures int
	full := false
	for {
		w, wait, ok, err := f.stream.Plan(ctx, f.record.State().Frontier)
		crowded, mergeErr := f.crowded()
		if mergeErr != nil {
			return mergeErr
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrEnd):
			f.Stats.Ended(f.stream.Name)
			return nil
		case err != nil:
			f.report(err, "plan the next window of "+f.stream.Name)
			if failures++; f.Once && failures >= maxTries {
				return fmt.Errorf("plan the next window of %s: %w", f.stream.Name, err)
			}
			wait = pause(err, failures)
			if f.Once {
				wait = min(wait, time.Minute)
			}
		case !ok && f.Once && f.stream.Ended == nil:
			f.Stats.Ended(f.stream.Name)
			return nil
		case !ok && !f.unreadable():
			f.Stats.Idle(f.stream.Name, wait)
		case ok && crowded:
			if !full {
				f.Log.WithField("stream", f.stream.Name).Warnf("%d windows wait for a sink: nothing new is read until some are done", maxOpen)
			}
			if full = true; f.Once {
				return ErrIncomplete
			}
			wait = fullPause
		case ok:
			failures, full = 0, false
			if err := f.take(ctx, w); err != nil {
				return err
			}
			continue
		}
		wait = max(wait, time.Second/10)
		f.Stats.Rests(f.stream.Name, wait)
		if err := backoff.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// crowded reports whether as many windows are open as may be, after it has merged what can be merged. Those that are read
// again don't count: they hold nothing up.
func (f *follower) crowded() (bool, error) {
	open := func() int { return f.record.State().needed(f.outletNames(), false) }
	if open() < mergeAt {
		return false, nil
	}
	err := f.update(func(s *State) error {
		s.Merge(f.claimed, len(s.Open) < mergeAllAt)
		return nil
	})
	return open() >= maxOpen, err
}

func (f *follower) claimed(w Window) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.outletNames() {
		if f.claims[claim{w.String(), o}] {
			return true
		}
	}
	return false
}

// take plans w in the ledger and serves the sinks that are ready.
func (f *follower) take(ctx context.Context, w Window) error {
	w.Stream = f.stream.Name
	ready := f.ready()
	for _, o := range ready {
		f.claim(w, o) // before catchUp can see the window
	}
	failpoint.Hit(failpoint.WindowPlanned)
	err := f.update(func(s *State) error {
		s.Begin(w, f.outletNames())
		return nil
	})
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.WindowOpened)
	return f.drive(ctx, w, ready, f.patience())
}

// patience is how long a window that is read as it comes waits for a sink. Where there are others, the stream must go
// on for them, those included that fail now and come back first; and rows that can't be had again wait for all.
func (f *follower) patience() time.Duration {
	if len(f.Outlets) == 1 || f.stream.Volatile {
		return 0
	}
	return sharedPatience
}

// ready are the sinks that take windows as they come: healthy and not behind in this stream.
func (f *follower) ready() (ready []*Outlet) {
	state := f.record.State()
	for i := range f.Outlets {
		if o := &f.Outlets[i]; f.stream.Volatile || o.Health.OK() && !f.behind(state, o) {
			ready = append(ready, o)
		}
	}
	return ready
}

// behind reports whether o still needs a window that could be read now.
func (f *follower) behind(state *State, o *Outlet) bool {
	for _, p := range state.Open {
		if _, ok := p.Sinks[o.Name]; ok && !p.Again && !f.deferred(p.Window, o) {
			return true
		}
	}
	return false
}
