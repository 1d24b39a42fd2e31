package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// outage is a sink that is down until up is set, and that never takes an event named "always".
type outage struct {
	up    atomic.Bool
	tries atomic.Int64 // of the event named "always"
}

func (o *outage) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	always := events[0].ID == "always"
	if always {
		o.tries.Add(1)
	}
	if always || !o.up.Load() {
		return pipeline.Receipt{}, errors.New("down")
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (o *outage) Close() error { return nil }

// After an outage all waiting Sends go on with the first that works, not minutes later.
func TestRetryWakesWithTheFirstSendThatWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &outage{}
		retry := &pipeline.Retry{Sink: sink, Health: &pipeline.Health{}}
		ended := make(chan time.Time, 1)
		go func() {
			if _, err := retry.Send(t.Context(), []enrich.Event{{ID: "waits"}}); err != nil {
				t.Error(err)
			}
			ended <- time.Now()
		}()
		time.Sleep(time.Hour) // the pauses have grown to minutes
		synctest.Wait()
		sink.up.Store(true)
		worked := time.Now()
		if _, err := retry.Send(t.Context(), []enrich.Event{{ID: "works"}}); err != nil {
			t.Fatal(err)
		}
		if late := (<-ended).Sub(worked); late != 0 {
			t.Errorf("the other Send went on %v later, want at once", late)
		}
	})
}

// What fails by itself isn't tried with each Send of others.
func TestRetryWakesOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &outage{}
		sink.up.Store(true)
		retry := &pipeline.Retry{Sink: sink, Health: &pipeline.Health{}}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = retry.Send(ctx, []enrich.Event{{ID: "always"}}) // ends with its context
		}()
		for range 3600 {
			time.Sleep(time.Second)
			if _, err := retry.Send(t.Context(), []enrich.Event{{ID: "works"}}); err != nil {
				t.Error(err)
			}
		}
		cancel()
		<-done
		if n := sink.tries.Load(); n > 60 {
			t.Errorf("tried %d times in an hour, want as without the others", n)
		}
	})
}
