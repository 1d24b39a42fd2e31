package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// hurried is the longest pause where the tries are limited.
const hurried = 5 * time.Second

// pausing is how long to wait after the first failure, before jitter.
func pausing() backoff.Policy {
	return backoff.Policy{Min: 500 * time.Millisecond, Max: 5 * time.Minute}
}

// pause is how long to wait after the given number of failures: what the other side asked for, or an exponential
// back-off with jitter.
func pause(err error, failures int) time.Duration {
	if asked := new(RetryAfter); errors.As(err, &asked) {
		return asked.Wait + rand.N(asked.Wait/10+time.Millisecond)
	}
	d := pausing().After(failures)
	return d/2 + rand.N(d/2)
}

// Health says whether a sink takes events. The zero value is healthy.
type Health struct {
	mu     sync.Mutex
	report HealthReport
	works  chan struct{} // closed by the next Send that works; nil when nobody waits for that
	rest   resting
}

// HealthReport says how a sink does.
type HealthReport struct {
	Err      error     // why the last Send failed, nil when it worked
	Since    time.Time // of the first failure after a Send that worked; zero while it works
	Success  time.Time // of the last Send that worked; zero when there was none
	Last     time.Time // of the last Send, whether it worked or not
	Due      time.Time // the next try of a Send that failed; in the past while it is under way, zero when none ever waited
	Failures int64     // Sends that failed
	Retried  int64     // events in those
	Failed   Failure   // the last failure, also after a Send that worked
	// Shortened events went out; of Uncopied ones of them the whole copy has no room.
	Shortened, Uncopied int64
}

// OK reports whether the last Send worked.
func (h *Health) OK() bool { return h.Err() == nil }

// Err is why the last Send failed, nil when it worked.
func (h *Health) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.report.Err
}

// Report says how the sink does.
func (h *Health) Report() HealthReport {
	h.mu.Lock()
	defer h.mu.Unlock()
	report := h.report
	report.Due = h.rest.due()
	return report
}

// set notes how a Send of so many events went and reports whether that is news.
func (h *Health) set(err error, events int) (news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.report
	news = (r.Err == nil) != (err == nil)
	r.Err, r.Last = err, time.Now()
	if err == nil {
		r.Success, r.Since = r.Last, time.Time{}
		if h.works != nil {
			close(h.works)
			h.works = nil
		}
		return news
	}
	if news {
		r.Since = r.Last
	}
	r.Failures, r.Retried = r.Failures+1, r.Retried+int64(events)
	r.Failed = Failure{err.Error(), r.Last}
	return news
}

// Blocked notes that a Send that worked can't end, as what the sink refused can't be written down, and that this is tried
// again after wait.
func (h *Health) Blocked(err error, wait time.Duration) {
	h.rests(wait)
	h.set(err, 0)
}

// Shortened notes that so many events went out shortened, and whether whole copies were kept.
func (h *Health) Shortened(events int, kept bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report.Shortened += int64(events)
	if !kept {
		h.report.Uncopied += int64(events)
	}
}

// rests notes that a Send that failed is tried again after wait, or when over is called.
func (h *Health) rests(wait time.Duration) (over func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	number := h.rest.add(time.Now().Add(wait))
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rest.end(number)
	}
}

// recovery is closed by the next Send that works.
func (h *Health) recovery() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.works == nil {
		h.works = make(chan struct{})
	}
	return h.works
}

// Retry is a sink that tries another one until it works.
type Retry struct {
	Sink
	Health *Health
	// Tries is how often a Send is tried; 0 means until its context ends.
	Tries int
	// Notify is told when the sink stops working (err is why) and when it works again (nil).
	Notify func(err error)
}

// Send tries until the sink took all events or refused some for good. Once, it ends its pause when another Send works: after
// an outage nobody waits for minutes. Only once, or events that always fail would be tried with each Send of others.
func (r *Retry) Send(ctx context.Context, events []enrich.Event) (Receipt, error) {
	woken := false
	for try := 1; ; try++ {
		receipt, err := r.Sink.Send(ctx, events)
		if ctx.Err() != nil && err != nil {
			return receipt, err // says nothing about the sink
		}
		final := err == nil || errors.As(err, new(*PartialError))
		if final {
			r.note(nil, len(events))
			return receipt, err
		}
		if r.Tries > 0 && try >= r.Tries {
			r.note(err, len(events))
			return receipt, fmt.Errorf("gave up after %d tries: %w", try, err)
		}
		wait := pause(err, try)
		if r.Tries > 0 {
			wait = min(wait, hurried)
		}
		over := r.Health.rests(wait) // first, so that who hears of the failure sees when the next try is
		r.note(err, len(events))
		var works <-chan struct{}
		if !woken && !errors.As(err, new(*RetryAfter)) {
			works = r.Health.recovery()
		}
		ended := backoff.SleepOr(ctx, wait, works)
		if over(); ended != nil {
			return receipt, err
		}
		select {
		case <-works:
			woken = true
		default:
		}
	}
}

func (r *Retry) note(err error, events int) {
	if r.Health.set(err, events) && r.Notify != nil {
		r.Notify(err)
	}
}
