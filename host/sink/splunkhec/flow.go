package splunkhec

import (
	"context"
	"sync"
)

// flow bounds how many requests are under way, over all Sends. Where the collector says that it is busy the bound is
// halved, and with each request that works it grows back a little (additive increase, multiplicative decrease, RFC 5681, 3.1).
type flow struct {
	mu      sync.Mutex
	most    float64
	bound   float64
	active  int
	round   int           // how often the bound was halved
	changed chan struct{} // closed when there may be room
}

func newFlow(most int) *flow {
	return &flow{most: float64(most), bound: float64(most), changed: make(chan struct{})}
}

// enter waits for room and returns the round, for leave.
func (f *flow) enter(ctx context.Context) (round int, err error) {
	for {
		f.mu.Lock()
		if f.active < int(f.bound) {
			f.active++
			defer f.mu.Unlock()
			return f.round, nil
		}
		changed := f.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// outcome is what a request says about how much the collector can take.
type outcome int

const (
	neutral outcome = iota
	worked
	overloaded
)

// leave ends a request that entered in round. Requests that were under way together halve the bound once.
func (f *flow) leave(round int, o outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active--
	switch {
	case o == worked:
		f.bound = min(f.most, f.bound+1/f.bound)
	case o == overloaded && round == f.round:
		f.bound, f.round = max(1, f.bound/2), f.round+1
	}
	close(f.changed)
	f.changed = make(chan struct{})
}
