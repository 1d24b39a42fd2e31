// Package backoff is how everybody here waits: longer after each failure, and never past the end of a context. It knows
// nothing of what failed. It lies below plugin, as that imports nothing of the host.
package backoff

import (
	"context"
	"time"
)

// Policy is how long to wait after failures in a row: Min, twice as much after each further one, but at most Max.
type Policy struct{ Min, Max time.Duration }

// After is how long to wait after a failure before which there were so many others.
func (p Policy) After(failures int) time.Duration {
	wait := p.Min << min(failures, 62)
	if wait <= 0 || wait>>min(failures, 62) != p.Min || wait > p.Max {
		return p.Max
	}
	return wait
}

// Sleep waits for d. The error is that of a context that ended before.
func Sleep(ctx context.Context, d time.Duration) error { return SleepOr(ctx, d, nil) }

// SleepOr waits for d, or until wake is closed or has something to say. The error is that of a context that ended before.
func SleepOr(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
