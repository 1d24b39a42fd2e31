package loganalytics

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// The service's limits per identity are 200 requests in 30 seconds and 5 queries at a time; more are queued, then
// refused. One place is left for people who ask the workspace as well.
// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language
const (
	limitPeriod     = 30 * time.Second
	defaultRequests = 200
	maxQueries      = 4
)

// limiter keeps all tables of all workspaces that are read as one identity together within the limits.
type limiter struct {
	rate   *rate.Limiter
	places chan struct{}
	// patient is held by a query that gives way to others.
	patient chan struct{}

	mu    sync.Mutex
	until time.Time
}

// newLimiter returns a limiter for so many requests in any limitPeriod, a quarter at once, the others evenly, and for so
// many queries at a time.
func newLimiter(requests, queries int) *limiter {
	burst := max(1, requests/4)
	every := limitPeriod / time.Duration(max(1, requests-burst))
	return &limiter{rate: rate.NewLimiter(rate.Every(every), burst), places: make(chan struct{}, queries), patient: make(chan struct{}, 1)}
}

// hold lets no query start for d: the service said so.
func (l *limiter) hold(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

func (l *limiter) held() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// acquire waits until a query may start. The caller must call release once the service has answered.
func (l *limiter) acquire(ctx context.Context) (release func(), err error) {
	for wait := l.held(); wait > 0; wait = l.held() {
		if err := backoff.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
	select {
	case l.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	release = sync.OnceFunc(func() { <-l.places })
	if err := l.rate.Wait(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}
