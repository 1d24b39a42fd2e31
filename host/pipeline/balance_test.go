package pipeline_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// moody is a sink's mood: it takes its time, fails now and then, and refuses some events for good.
func moody(random *rand.Rand, slow time.Duration) func(context.Context, []enrich.Event) error {
	refused := map[string]bool{}
	lock := make(chan struct{}, 1)
	return func(_ context.Context, events []enrich.Event) error {
		lock <- struct{}{}
		wait, mood := time.Duration(random.Int64N(int64(slow))), random.IntN(10)
		partial := new(pipeline.PartialError)
		for i := range events {
			if mood == 0 || refused[events[i].ID] {
				refused[events[i].ID] = true
				partial.Rejected = append(partial.Rejected, pipeline.Rejection{Index: i, Reason: "it isn't to my liking"})
			}
		}
		<-lock
		time.Sleep(wait)
		switch {
		case mood == 1:
			return errors.New("no route to host")
		case len(partial.Rejected) > 0:
			return partial
		}
		return nil
	}
}

// TestBalance holds that at any moment, of every stream and sink, rows in = confirmed + dead-lettered + open, while sinks
// fail, refuse and are left behind and windows are cut and read again; and that nothing is open at the end.
func TestBalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := func(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 5)) }
		quick, slow := &recorder{send: moody(random(1), 20*time.Millisecond)}, &recorder{send: moody(random(2), 3*time.Second)}
		one, two := &rows{n: 2000, batch: 7, limit: 60}, &rows{n: 500, batch: 3}
		var reads atomic.Int64
		two.fail = func(pipeline.Window, int) error {
			if reads.Add(1)%50 == 0 {
				return errors.New("503 Service Unavailable")
			}
			return nil
		}
		var dead []string
		p := build(&memory{}, &dead, []pipeline.Stream{one.stream("one"), two.stream("two")}, quick, slow)
		ended := make(chan error, 1)
		go func() { ended <- p.Run(t.Context()) }()
		looks, moving := 0, 0
		for {
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
				synctest.Wait()
				last := balanced(t, p)
				if last.open != 0 || last.dead == 0 || moving < 100 {
					t.Errorf("%d events are open and %d dead at the end; %d of %d looks saw events open", last.open, last.dead, moving, looks)
				}
				return
			case <-time.After(3 * time.Millisecond):
				if looks++; balanced(t, p).open > 0 {
					moving++
				}
			}
		}
	})
}

type balance struct{ open, dead int64 }

// balanced checks the equation of all streams and sinks, and that a sink's sum over the streams is what is counted of it.
func balanced(t *testing.T, p *pipeline.Pipeline) (all balance) {
	t.Helper()
	f, sums := p.Stats.Figures(), map[string]pipeline.Count{}
	for name, stream := range f.Streams {
		for sink, h := range stream.Held {
			if h.In != h.Confirmed+h.Dead+h.Events || h.Events < 0 || h.In > stream.Read {
				t.Fatalf("%s to %s: %d in, %d confirmed, %d dead, %d open, %d read", name, sink, h.In, h.Confirmed, h.Dead, h.Events, stream.Read)
			}
			sum := sums[sink]
			sums[sink] = pipeline.Count{Confirmed: sum.Confirmed + h.Confirmed, Dead: sum.Dead + h.Dead}
			all.open, all.dead = all.open+h.Events, all.dead+h.Dead
		}
	}
	for sink, n := range f.Sinks {
		if sums[sink] != n {
			t.Fatalf("%s: %+v of all streams, %+v of the sink", sink, sums[sink], n)
		}
	}
	return all
}
