package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestAfter(t *testing.T) {
	p := Policy{Min: 100 * time.Millisecond, Max: 30 * time.Second}
	for failures, want := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 8: 25600 * time.Millisecond, 9: 30 * time.Second,
		30: 30 * time.Second, 62: 30 * time.Second, 63: 30 * time.Second, 1 << 40: 30 * time.Second,
	} {
		if got := p.After(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}

// TestAfterNeverShrinks has pauses of any length, whose doubling may overflow, become longer or stay.
func TestAfterNeverShrinks(t *testing.T) {
	for _, first := range []time.Duration{1, 3, 50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second, time.Hour} {
		p, before := Policy{Min: first, Max: 24 * time.Hour}, time.Duration(0)
		for failures := range 100 {
			if got := p.After(failures); got < before || got > p.Max {
				t.Errorf("from %v, after %d failures: %v behind %v", first, failures, got, before)
			} else {
				before = got
			}
		}
	}
}

func TestSleep(t *testing.T) {
	awake := make(chan struct{})
	close(awake)
	for name, test := range map[string]struct {
		wake  <-chan struct{}
		ends  time.Duration // the context
		took  time.Duration
		ended bool
	}{
		"its time":    {nil, time.Hour, time.Minute, false},
		"woken":       {awake, time.Hour, 0, false},
		"context end": {nil, time.Second, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.ends)
				defer cancel()
				began := time.Now()
				err := SleepOr(ctx, time.Minute, test.wake)
				if took := time.Since(began); took != test.took || errors.Is(err, context.DeadlineExceeded) != test.ended {
					t.Errorf("it took %v, want %v; %v", took, test.took, err)
				}
			})
		})
	}
}
