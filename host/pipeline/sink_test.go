package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

func TestADeadSinkHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead, up := true, make(chan struct{})
		var mu sync.Mutex
		healthy, sick := &recorder{}, &recorder{}
		sick.send = func(context.Context, []enrich.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if dead {
				return errors.New("connection refused")
			}
			return nil
		}
		p := build(&memory{}, nil, []pipeline.Stream{(&rows{n: 5000, batch: 10}).stream("s")}, healthy, sick)
		go func() {
			defer close(up)
			time.Sleep(time.Hour) // of the bubble's clock
			healthy.check(t, 5000)
			mu.Lock()
			dead = false
			mu.Unlock()
		}()
		begin := time.Now()
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-up
		if healthy.check(t, 5000) != 0 {
			t.Error("the healthy sink got rows twice")
		}
		sick.check(t, 5000)
		if took := time.Since(begin); took > 2*time.Hour {
			t.Errorf("the sick sink needed %v after it was back", took-time.Hour)
		}
	})
}

// TestTheFirstSinkThatIsBackGetsEverything has two sinks fail, of which one comes back and the other never does.
func TestTheFirstSinkThatIsBackGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back, gone := &recorder{}, &recorder{}
		begin := time.Now()
		back.send = func(context.Context, []enrich.Event) error {
			if time.Since(begin) < time.Hour {
				return errors.New("connection refused")
			}
			return nil
		}
		gone.send = func(context.Context, []enrich.Event) error { return errors.New("connection refused") }
		p := build(&memory{}, nil, []pipeline.Stream{(&rows{n: 3000, batch: 10}).stream("s")}, gone, back)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Hour, cancel)
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		back.check(t, 3000)
		if len(gone.got) > 0 {
			t.Error("the dead sink got events")
		}
	})
}

// TestADeadSinkOfASmallWindow is the everyday case: windows that fit into a lane, so that reading never waits.
func TestADeadSinkOfASmallWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		healthy, gone := &recorder{}, &recorder{}
		gone.send = func(ctx context.Context, _ []enrich.Event) error { return errors.New("connection refused") }
		p := build(&memory{}, nil, []pipeline.Stream{(&rows{n: 5000, batch: 100}).stream("s")}, healthy, gone)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		healthy.check(t, 5000)
	})
}

// TestASinkThatLeftTheConfigurationHoldsUpNobody has more open windows for it than planning allows.
func TestASinkThatLeftTheConfigurationHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ledger := &memory{}
		opened, err := ledger.Open("s")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2100 {
			at := start().Add(time.Duration(i-3000) * time.Second)
			opened.(*record).state.Begin(pipeline.Window{Stream: "s", From: at, To: at.Add(time.Second)}, []string{"old"})
		}
		opened.(*record).state.Frontier = start()
		sink := &recorder{}
		if err := build(ledger, nil, []pipeline.Stream{(&rows{n: 500, batch: 10}).stream("s")}, sink).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		sink.check(t, 500)
		if open := len(opened.State().Open); open != 2100 {
			t.Errorf("%d windows are open for the sink, should it come back", open)
		}
	})
}

// TestASinkIsAwayForDays plans far more windows than may be open; the other sink gets everything at once, and the
// one that comes back gets everything then.
func TestASinkIsAwayForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, healthy, away := time.Now(), &recorder{}, &recorder{}
		var done atomic.Int64
		healthy.send = func(context.Context, []enrich.Event) error { done.Store(int64(time.Since(begin))); return nil }
		away.send = func(context.Context, []enrich.Event) error {
			if time.Since(begin) < 72*time.Hour {
				return errors.New("connection refused")
			}
			return nil
		}
		source := &rows{n: 10_500, batch: 50}
		stream, ledger := source.stream("s"), &memory{}
		plan := stream.Plan
		stream.Plan = func(ctx context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
			w, wait, ok, err := plan(ctx, frontier)
			w.To = w.From.Add(5 * time.Second) // 2,100 windows
			return w, wait, ok, err
		}
		if err := build(ledger, nil, []pipeline.Stream{stream}, healthy, away).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		healthy.check(t, 10_500)
		away.check(t, 10_500)
		if took := time.Duration(done.Load()); took > time.Hour {
			t.Errorf("the healthy sink needed %v", took)
		}
	})
}

func TestASlowSinkIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := &recorder{}, &recorder{}
		slow.send = func(ctx context.Context, _ []enrich.Event) error {
			select {
			case <-time.After(time.Minute):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var done atomic.Int64
		begin := time.Now()
		fast.send = func(context.Context, []enrich.Event) error { done.Store(int64(time.Since(begin))); return nil }
		p := build(&memory{}, nil, []pipeline.Stream{(&rows{n: 2000, batch: 10}).stream("s")}, fast, slow)
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		fast.check(t, 2000)
		slow.check(t, 2000)
		if took := time.Duration(done.Load()); took > 10*time.Second {
			t.Errorf("the fast sink waited %v for the slow one", took)
		}
	})
}

func TestRefusedEventsBecomeDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recorder{}
		var dead []string
		p := build(&memory{}, &dead, []pipeline.Stream{(&rows{n: 100, batch: 10}).stream("s")}, sink)
		inner := p.Outlets[0].Sink.(*pipeline.Retry).Sink.(*pipeline.DeadLetter)
		inner.Sink = refuser{sink}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(dead)
		if len(dead) != 10 || dead[0] != "row-000007" {
			t.Errorf("dead letters %v", dead)
		}
		if got := p.Stats.Figures().Sinks["sink-0"]; got.Confirmed != 90 || got.Dead != 10 {
			t.Errorf("%+v", got)
		}
	})
}

// refuser refuses the event with a 7 at the end of its id for good.
type refuser struct{ *recorder }

func (r refuser) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	var partial pipeline.PartialError
	var rest []enrich.Event
	for i, e := range events {
		if e.ID[len(e.ID)-1] == '7' {
			partial.Rejected = append(partial.Rejected, pipeline.Rejection{Index: i, Reason: "event field is required"})
		} else {
			rest = append(rest, e)
		}
	}
	receipt, err := r.recorder.Send(ctx, rest)
	if err == nil && len(partial.Rejected) > 0 {
		err = &partial
	}
	return receipt, err
}
