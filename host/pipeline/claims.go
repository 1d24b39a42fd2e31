package pipeline

import "time"

// deferral is how often a window could not be read, and when it is tried again.
type deferral struct {
	failures int
	next     time.Time
}

// claim is one sink's need of one window.
type claim struct {
	window string
	outlet string
}

func (f *follower) claim(w Window, o *Outlet) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := claim{w.String(), o.Name}
	if f.claims[c] {
		return false
	}
	f.claims[c] = true
	return true
}

func (f *follower) release(w Window, outlets []*Outlet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range outlets {
		delete(f.claims, claim{w.String(), o.Name})
	}
}

// deferred reports whether a window, which could not be read, is to wait some more.
func (f *follower) deferred(w Window, o *Outlet) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.later[claim{w.String(), o.Name}]
	return d != nil && time.Now().Before(d.next)
}

// unreadable reports whether a window that a sink needs could not be read the last time.
func (f *follower) unreadable() bool {
	state := f.record.State()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range state.Open {
		for name := range p.Sinks {
			if f.later[claim{p.Window.String(), name}] != nil {
				return true
			}
		}
	}
	return false
}

// put notes that a window could not be read for outlets, or, with failed false, that it was.
func (f *follower) put(w Window, outlets []*Outlet, failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range outlets {
		c := claim{w.String(), o.Name}
		d := f.later[c]
		switch {
		case !failed:
			delete(f.later, c)
			continue
		case d == nil:
			d = &deferral{}
			f.later[c] = d
		}
		d.failures++
		d.next = time.Now().Add(deferring().After(d.failures))
	}
}
