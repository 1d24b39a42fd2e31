package pipeline_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

func TestEverythingArrivesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &recorder{}, &recorder{}
		one, two := &rows{n: 1234, batch: 10}, &rows{n: 10, batch: 3}
		p := build(&memory{}, nil, []pipeline.Stream{one.stream("one"), two.stream("two")}, a, b)
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Stream two's serials are among stream one's, so ten arrive twice.
		if a.check(t, 1234) != 10 || b.check(t, 1234) != 10 {
			t.Error("rows were sent again without a reason")
		}
		if f := p.Stats.Figures(); f.Read != 1244 || f.Sinks["sink-0"].Confirmed != 1244 || f.Failures != 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestATooLargeWindowIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recorder{}
		source := &rows{n: 1000, batch: 5, limit: 30}
		p := build(&memory{}, nil, []pipeline.Stream{source.stream("s")}, sink)
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		sink.check(t, 1000)
		if p.Stats.Figures().Splits == 0 {
			t.Error("nothing was cut")
		}
	})
}

func TestAFullDiskIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, ledger, sink := time.Now(), &memory{}, &recorder{}
		opened, err := ledger.Open("s")
		if err != nil {
			t.Fatal(err)
		}
		opened.(*record).full = func() bool {
			since := time.Since(begin)
			return since > 0 && since < time.Hour
		}
		sink.send = func(context.Context, []enrich.Event) error { time.Sleep(time.Second); return nil } // of the bubble's clock
		p := build(ledger, nil, []pipeline.Stream{(&rows{n: 500, batch: 10}).stream("s")}, sink)
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if repeated := sink.check(t, 500); repeated > 0 {
			t.Errorf("%d repeated", repeated)
		}
		if f := p.Stats.Figures(); f.Failures == 0 {
			t.Error("the full disk is not visible")
		}
	})
}

// TestStopAndStartAgain ends the pipeline at many places and begins again with the same ledger.
func TestStopAndStartAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3000
		a, b := &recorder{}, &recorder{}
		ledger, runs, repeated := &memory{}, 0, 0
		for done := false; !done; runs++ {
			ctx, cancel := context.WithCancel(t.Context())
			sends := 0
			a.send = func(context.Context, []enrich.Event) error {
				if sends++; sends == 7+runs%5 && runs < 40 {
					cancel()
				}
				return nil
			}
			source := &rows{n: n, batch: 10}
			p := build(ledger, nil, []pipeline.Stream{source.stream("s")}, a, b)
			p.Outlets[0].Concurrency = 1
			p.Drain = 0
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
			done = ctx.Err() == nil
			cancel()
			synctest.Wait()
		}
		repeated = a.check(t, n) + b.check(t, n)
		if limit := runs * 10 * (1 + 2 + 8) * 2; repeated > limit {
			t.Errorf("%d repeated in %d runs: more than what was under way", repeated, runs)
		}
	})
}

// TestAStreamThatFollowsTheOthersEndsLast checks that a stream whose rows come of those of the others is planned until
// it says that it ended, also where the pipeline runs once, and is told when the others did.
func TestAStreamThatFollowsTheOthersEndsLast(t *testing.T) {
	for _, once := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sink, source, behind := &recorder{}, &rows{n: 500, batch: 50}, &rows{n: 700, batch: 50}
			var ended atomic.Bool
			trailing := behind.stream("b")
			planned := trailing.Plan
			trailing.Ended = func() { ended.Store(true) }
			trailing.Plan = func(ctx context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
				if !ended.Load() {
					return pipeline.Window{}, time.Second, false, nil
				}
				return planned(ctx, frontier)
			}
			slow := source.stream("a")
			first := slow.Plan
			slow.Plan = func(ctx context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
				time.Sleep(time.Minute)
				if ended.Load() {
					t.Error("told of the end before it")
				}
				return first(ctx, frontier)
			}
			p := build(&memory{}, nil, []pipeline.Stream{trailing, slow}, sink)
			p.Once = once
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
			sink.check(t, 700)
		})
	}
}
