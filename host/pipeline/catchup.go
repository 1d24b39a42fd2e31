package pipeline

import (
	"context"
	"time"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// catchUp serves one sink with the windows that were left open for it, those with the highest risk first, until ctx ends,
// the stream ended and nothing is left, or, with Once, each window was tried.
func (f *follower) catchUp(ctx context.Context, o *Outlet, planned <-chan struct{}) error {
	for {
		last := false
		select {
		case <-planned:
			last = true
		default:
		}
		tried, left := map[string]bool{}, false
		for {
			w, claimed, open := f.next(o, tried, f.Once && last)
			if left = open; !claimed {
				break
			}
			tried[w.String()] = true
			if err := f.drive(ctx, w, []*Outlet{o}, 0); err != nil {
				return err
			}
		}
		switch {
		case last && left && f.Once:
			return ErrIncomplete
		case last && !left:
			return nil
		case len(tried) > 0 && !left:
			continue
		}
		wake := planned
		if last {
			wake = nil // closed already: only the clock is waited for
		}
		if err := backoff.SleepOr(ctx, catchUpPause, wake); err != nil {
			return err
		}
	}
}

// pressing reports whether a sink needs a window that could be read now, other than to read it again.
func (f *follower) pressing(o *Outlet) bool { return f.behind(f.record.State(), o) }

// next claims the window that the sink is to get next, of those that weren't tried. One that could not be read a moment ago
// waits, unless all are to be tried. Left is whether the sink needs any window at all.
func (f *follower) next(o *Outlet, tried map[string]bool, all bool) (w Window, claimed, left bool) {
	state := f.record.State()
	if state.Waiting(o.Name) == 0 {
		return w, false, false
	}
	for _, open := range state.byRisk() {
		_, needs := open.Sinks[o.Name]
		if open.Again && f.pressing(o) {
			continue
		}
		if needs && !tried[open.Window.String()] && (all || !f.deferred(open.Window, o)) && f.claim(open.Window, o) {
			return open.Window, true, true
		}
	}
	return w, false, true
}

// catchUpPause is how often a sink looks for windows that were left open for it.
const catchUpPause = 500 * time.Millisecond
