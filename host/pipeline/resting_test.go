package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// asking is a sink that asks to wait so long for an event with the id, and takes all others.
type asking map[string]time.Duration

func (a asking) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	if wait := a[events[0].ID]; wait > 0 {
		return pipeline.Receipt{}, &pipeline.RetryAfter{Wait: wait, Err: errors.New("busy")}
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (asking) Close() error { return nil }

// TestNextTry holds that a report says when the first of all Sends that wait is tried again, also when one of them gives up
// waiting.
func TestNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := asking{"soon": 10 * time.Minute, "late": time.Hour}
		retry := &pipeline.Retry{Sink: sink, Health: &pipeline.Health{}}
		begin := time.Now()
		if r := retry.Health.Report(); !r.Due.IsZero() {
			t.Errorf("nothing failed yet: %+v", r)
		}
		ctx, cancel := context.WithCancel(t.Context())
		send := func(ctx context.Context, id string) { _, _ = retry.Send(ctx, []enrich.Event{{ID: id}}) } // ends with its context
		soon, giveUp := context.WithCancel(ctx)
		go send(soon, "soon")
		synctest.Wait()
		go send(ctx, "late") // fails last, but is tried later
		synctest.Wait()
		due := func(what string, least time.Duration) {
			t.Helper()
			in := retry.Health.Report().Due.Sub(begin)
			if in < least || in > least+least/10+time.Second { // pauses have a jitter
				t.Errorf("%s: the next try in %v, want %v", what, in, least)
			}
		}
		due("both wait", 10*time.Minute)
		giveUp()
		synctest.Wait()
		due("one waits", time.Hour)
		cancel()
		synctest.Wait()
		if r := retry.Health.Report(); r.Err == nil || !r.Due.Equal(time.Now()) {
			t.Errorf("nobody waits at %v: %+v", time.Now(), r)
		}
	})
}

// hanging fails, and then doesn't answer until its context ends.
type hanging struct{ tries int }

func (h *hanging) Send(ctx context.Context, _ []enrich.Event) (pipeline.Receipt, error) {
	if h.tries++; h.tries > 1 {
		<-ctx.Done()
	}
	return pipeline.Receipt{}, errors.New("no route to host")
}

func (*hanging) Close() error { return nil }

// TestATryUnderWay holds that the next try is the one under way, from its beginning on.
func TestATryUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		retry := &pipeline.Retry{Sink: &hanging{}, Health: &pipeline.Health{}}
		begin := time.Now()
		go func() { _, _ = retry.Send(ctx, []enrich.Event{{ID: "1"}}) }() // ends with its context
		time.Sleep(time.Minute)                                           // of the bubble's clock
		r := retry.Health.Report()
		if r.Err == nil || !r.Due.After(begin) || r.Due.Sub(begin) > 2*time.Second || r.Last != begin {
			t.Errorf("a try is under way since about a second: %+v", r)
		}
	})
}
