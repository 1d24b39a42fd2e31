package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// rows is a source in memory: row i has serial i and the ingestion time start + i seconds.
type rows struct {
	n     int
	batch int
	limit int // a window with more rows is too large; 0: no limit
	// fail is asked before each batch; nil: nothing fails.
	fail func(w pipeline.Window, serial int) error
	mu   sync.Mutex
	read []pipeline.Window
}

func start() time.Time { return time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC) }

func (r *rows) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	r.mu.Lock()
	r.read = append(r.read, w)
	r.mu.Unlock()
	var batch []enrich.Event
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		b := pipeline.Batch{Events: batch, Next: pipeline.Mark(batch[len(batch)-1].ID)}
		batch = nil
		return deliver(b)
	}
	matching := 0
	for i := range r.n {
		at := start().Add(time.Duration(i) * time.Second)
		id := fmt.Sprintf("row-%06d", i)
		if at.Before(w.From) || !at.Before(w.To) || pipeline.Mark(id) <= after || w.Slots > 0 && i%w.Slots != w.Slot {
			continue
		}
		if matching++; r.limit > 0 && matching > r.limit {
			return fmt.Errorf("%d rows: %w", matching, pipeline.ErrTooLarge)
		}
		if r.fail != nil && len(batch) == 0 {
			if err := r.fail(w, i); err != nil {
				return err
			}
		}
		if batch = append(batch, enrich.Event{ID: id, Table: "T", Time: at}); len(batch) == r.batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return ctx.Err()
}

// stream plans windows of 100 seconds until all rows are covered.
func (r *rows) stream(name string) pipeline.Stream {
	return pipeline.Stream{Name: name, Source: r, Plan: func(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
		if frontier.IsZero() {
			frontier = start()
		}
		if !frontier.Before(start().Add(time.Duration(r.n) * time.Second)) {
			return pipeline.Window{}, 0, false, pipeline.ErrEnd
		}
		return pipeline.Window{From: frontier, To: frontier.Add(100 * time.Second)}, 0, true, nil
	}}
}

// recorder is a sink in memory.
type recorder struct {
	mu   sync.Mutex
	got  map[string]int
	send func(ctx context.Context, events []enrich.Event) error // asked first; nil: takes everything
}

func (r *recorder) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	if r.send != nil {
		if err := r.send(ctx, events); err != nil {
			return pipeline.Receipt{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.got == nil {
		r.got = map[string]int{}
	}
	for _, e := range events {
		r.got[e.ID]++
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (r *recorder) Close() error { return nil }

// check is the oracle: every serial arrived, none was invented; it returns how many arrived more than once.
func (r *recorder) check(t *testing.T, n int) (repeated int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := 0
	for i := range n {
		switch count := r.got[fmt.Sprintf("row-%06d", i)]; {
		case count == 0:
			missing++
		case count > 1:
			repeated += count - 1
		}
	}
	if missing > 0 || len(r.got) > n {
		t.Errorf("%d missing, %d distinct of %d", missing, len(r.got), n)
	}
	return repeated
}

// memory is a ledger that lasts as long as the test.
type memory struct {
	mu      sync.Mutex
	records map[string]*record
}

type record struct {
	mu    sync.Mutex
	state pipeline.State
	full  func() bool // the disk is full; nil: never
}

func (m *memory) Open(stream string) (pipeline.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records == nil {
		m.records = map[string]*record{}
	}
	if m.records[stream] == nil {
		m.records[stream] = &record{}
	}
	return m.records[stream], nil
}

func (r *record) State() *pipeline.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state // a copy that is deep enough: Update never changes what is there
	return &state
}

func (r *record) Update(change func(*pipeline.State) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full != nil && r.full() {
		return errors.New("no space left on device")
	}
	next := r.state.Clone()
	if err := change(next); err != nil {
		return err
	}
	r.state = *next
	return nil
}

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(discard{})
	return log
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// build returns a pipeline over sinks, each with retries and a dead-letter list.
func build(l pipeline.Ledger, dead *[]string, streams []pipeline.Stream, sinks ...*recorder) *pipeline.Pipeline {
	p := &pipeline.Pipeline{
		Streams: streams, Enricher: enrich.NewEnricher(), Ledger: l, Log: quiet(), Stats: &pipeline.Stats{}, Drain: time.Second,
	}
	var mu sync.Mutex
	for i, s := range sinks {
		health := &pipeline.Health{}
		p.Outlets = append(p.Outlets, pipeline.Outlet{
			Name: fmt.Sprintf("sink-%d", i), Health: health, Concurrency: 2,
			Sink: &pipeline.Retry{Health: health, Sink: &pipeline.DeadLetter{Sink: s, Keep: func(events []enrich.Event, r []pipeline.Rejection) error {
				mu.Lock()
				defer mu.Unlock()
				for _, one := range r {
					*dead = append(*dead, events[one.Index].ID)
				}
				return nil
			}}},
		})
	}
	return p
}

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

// TestAStreamThatCantBeReadStarvesNoOther has one stream answer 400 for ever while a sink recovers from a hiccup.
func TestAStreamThatCantBeReadStarvesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, sink := time.Now(), &recorder{}
		sink.send = func(context.Context, []enrich.Event) error {
			if since := time.Since(begin); since > time.Second && since < 2*time.Minute {
				return errors.New("connection refused")
			}
			return nil
		}
		reads := 0
		bad := &rows{n: 1000, batch: 10, fail: func(pipeline.Window, int) error { reads++; return errors.New("400 Bad Request") }}
		p := build(&memory{}, nil, []pipeline.Stream{bad.stream("bad"), (&rows{n: 3000, batch: 10}).stream("good")}, sink)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(6*time.Hour, cancel)
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		sink.check(t, 3000)
		if reads > 6*4*10*8 {
			t.Errorf("the windows that can't be read were read %d times in six hours", reads)
		}
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

func TestOnceAStreamThatFailsEndsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recorder{}
		good := (&rows{n: 5000, batch: 10}).stream("good")
		bad := pipeline.Stream{Name: "bad", Source: &rows{}, Plan: func(context.Context, time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
			return w, 0, false, errors.New("no route to host")
		}}
		p := build(&memory{}, nil, []pipeline.Stream{bad, good}, sink)
		p.Once = true
		if err := p.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no route to host") {
			t.Errorf("error %v", err)
		}
		sink.check(t, 5000)
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

func TestASourceThatFailsIsAskedAgainFromTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recorder{}
		failures := 0
		source := &rows{n: 500, batch: 10, fail: func(_ pipeline.Window, serial int) error {
			if serial%70 == 0 && failures < 30 {
				failures++
				return &pipeline.RetryAfter{Wait: 10 * time.Minute, Err: errors.New("429 Too Many Requests")}
			}
			return nil
		}}
		p := build(&memory{}, nil, []pipeline.Stream{source.stream("s")}, sink)
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if repeated := sink.check(t, 500); repeated > 0 {
			t.Errorf("%d rows repeated although their marks had advanced", repeated)
		}
		if f := p.Stats.Figures(); f.Failures == 0 || f.LastError == "" {
			t.Errorf("the failures are not visible: %+v", f)
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
