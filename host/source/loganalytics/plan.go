package loganalytics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// targetRows is what a window should hold: far from the service's limits, yet few queries.
const targetRows = 50_000

const (
	// firstLength is how long the first windows are, while nobody knows how busy the table is.
	firstLength = 10 * time.Minute
	// leastLength keeps one crowded moment, which is cut as needed, from making all windows behind it tiny.
	leastLength = time.Second
)

// pacer finds the length of windows.
type pacer struct {
	max time.Duration

	mu     sync.Mutex
	length time.Duration
}

func newPacer(longest time.Duration) *pacer {
	return &pacer{max: longest, length: min(firstLength, longest)}
}

func (p *pacer) next() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.length
}

// read learns from a window that was read as a whole. It at most doubles or halves the length, because a minute's
// burst says little about the next.
func (p *pacer) read(length time.Duration, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fit := p.max
	if rows > 0 {
		if per := length / time.Duration(rows); per < p.max/targetRows { // else the product could overflow
			fit = per * targetRows
		}
	}
	p.set(min(max(fit, p.length/2), 2*p.length))
}

// tooLarge learns that a window of this length can't be read.
func (p *pacer) tooLarge(length time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(min(p.length, length/2))
}

func (p *pacer) set(length time.Duration) { p.length = min(max(length, leastLength), p.max) }

// Plan returns the window that begins at frontier, or at Config.Start before now when frontier is zero. It ends
// before the service's own present less Config.Settle, and only once Config.Every has passed since frontier.
func (s *Source) Plan(ctx context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
	now, err := s.serverTime(ctx)
	if err != nil {
		return w, 0, false, err
	}
	from := frontier
	if from.IsZero() {
		from = now.Add(-s.start)
	}
	from = from.UTC().Truncate(tick)
	limit := now.Add(-s.settle)
	if early := s.every - limit.Sub(from); early > 0 {
		return w, early, false, nil
	}
	to := from.Add(s.pacer.next()).Truncate(tick)
	if to.After(limit) {
		to = limit.Truncate(time.Millisecond)
	}
	if !to.After(from) {
		return w, s.every, false, nil
	}
	return pipeline.Window{Stream: s.name, From: from, To: to}, 0, true, nil
}

// serverTime is the service's time; it asks for it when nothing was asked yet.
func (s *Source) serverTime(ctx context.Context) (time.Time, error) {
	if now, ok := s.clock.now(); ok {
		return now, nil
	}
	_, err := s.query.Query(ctx, s.table.probeQuery(), discard{})
	now, ok := s.clock.now() // a refusal tells the time as well
	switch {
	case ok:
		return now, nil
	case err != nil:
		return now, fmt.Errorf("ask the workspace for its time: %w", err)
	}
	return time.Now().UTC(), nil // a service without a clock: what else is there
}
