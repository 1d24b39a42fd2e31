package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	if there, err := s.probe(ctx); err != nil || !there {
		return w, absentPause, false, err
	}
	now := s.now()
	if s.slept(frontier, now) {
		if _, err := s.query.Query(ctx, s.table.probeQuery(), discard{}); err != nil {
			return w, 0, false, fmt.Errorf("ask the workspace for its time: %w", err)
		}
		if now = s.now(); s.slept(frontier, now) {
			return w, absentPause, false, nil // and ask again
		}
	}
	from := frontier
	if from.IsZero() {
		// A shorter start would run away from the frontier. Rows are counted by minute, so none is cut.
		from = now.Add(-max(s.start, s.settle+s.every)).Truncate(time.Minute)
	}
	if from, err = s.readable(ctx, from, now); err != nil {
		return w, 0, false, err
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

// now is the service's time.
func (s *Source) now() time.Time {
	now, ok := s.clock.now()
	if !ok {
		now = time.Now().UTC() // a service without a clock: what else is there
	}
	return now
}

// slept reports whether the stream would sleep because the service's clock went back behind what was read. That may be one
// server's mistake, which shows only when the service is asked again; and where it is none, the rows that come now lie in minutes
// that were read, where audits find them.
func (s *Source) slept(frontier, now time.Time) bool {
	return s.clock.wentBack() && frontier.Sub(now.Add(-s.settle)) > jump
}

// absentPause is how often a workspace is asked for a table that it doesn't have yet.
const absentPause = time.Minute

// probe reports whether the workspace has the table, and learns the service's time. As long as it hasn't, no window is
// planned: rows could be there before the service says so.
func (s *Source) probe(ctx context.Context) (there bool, err error) {
	if s.found.Load() {
		return true, nil
	}
	_, err = s.query.Query(ctx, s.table.probeQuery(), discard{})
	if service := new(ServiceError); errors.As(err, &service) && (service.noTable(s.table.Name) || service.Status == http.StatusNoContent) {
		if !s.absent.Swap(true) {
			s.log.WithField("table", s.table.Name).Info("the workspace has no such table yet; asking again each minute")
		}
		s.ok()
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the workspace for %s: %w", s.table.Name, err)
	}
	s.answered()
	return true, nil
}
