package pipeline

import (
	"context"
	"time"
)

// catchUp serves one sink with the windows that were left open for it, oldest first, until ctx ends, the stream ended
// and nothing is left, or, with Once, each window was tried.
func (f *follower) catchUp(ctx context.Context, o *Outlet, planned <-chan struct{}) error {
	for {
		last := false
		select {
		case <-planned:
			last = true
		default:
		}
		worked := false
		for _, open := range f.record.State().Open {
			_, needs := open.Sinks[o.Name]
			if !needs || open.Again && (worked || f.pressing(o)) || !(f.Once && last) && f.deferred(open.Window, o) || !f.claim(open.Window, o) {
				continue
			}
			worked = true
			if err := f.drive(ctx, open.Window, []*Outlet{o}, 0); err != nil {
				return err
			}
		}
		left := f.record.State().needed([]string{o.Name}) > 0
		switch {
		case last && left && f.Once:
			return ErrIncomplete
		case last && !left:
			return nil
		case worked && !left:
			continue
		}
		wake := planned
		if last {
			wake = nil // closed already: only the clock is waited for
		}
		if err := sleepOr(ctx, catchUpPause, wake); err != nil {
			return err
		}
	}
}

// pressing reports whether a sink needs a window that could be read now, other than to read it again.
func (f *follower) pressing(o *Outlet) bool { return f.behind(f.record.State(), o) }

// catchUpPause is how often a sink looks for windows that were left open for it.
const catchUpPause = 500 * time.Millisecond
