package loganalytics

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// stopped is a workspace that tells the time, rounded down to a second as the Date header is, and has no rows.
type stopped struct {
	clock *clock
	ahead time.Duration // of this machine
	err   error
	mute  bool // no Date header
	asked int
}

func (s *stopped) Query(context.Context, string, rowReceiver) (outcome, error) {
	s.asked++
	if !s.mute {
		s.clock.set(http.Header{"Date": {time.Now().Add(s.ahead).UTC().Format(http.TimeFormat)}})
	}
	return outcome{}, s.err
}

func planner(s *stopped) *Source {
	s.clock = new(clock)
	return &Source{
		name: "la:w:AuditLogs", table: Table{Name: "AuditLogs"}, start: time.Hour, settle: 2 * time.Minute, every: 30 * time.Second,
		query: s, clock: s.clock, pacer: newPacer(time.Hour), log: quiet(), ok: func() {},
	}
}

func TestPlanNeverPassesTheServicesTime(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} { // our clock is right, slow, fast
		synctest.Test(t, func(t *testing.T) {
			service := &stopped{ahead: ahead}
			source := planner(service)
			random := rand.New(rand.NewPCG(1, 2))
			server := func() time.Time { return time.Now().Add(ahead) }
			first, frontier := server().Add(-time.Hour), time.Time{}
			for range 500 {
				w, wait, ok, err := source.Plan(t.Context(), frontier)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					if wait <= 0 {
						t.Fatalf("too early, but no wait: %v", wait)
					}
					time.Sleep(wait)
					continue
				}
				if !frontier.IsZero() && !w.From.Equal(frontier) {
					t.Fatalf("window begins at %v, the frontier is %v", w.From, frontier)
				}
				if frontier.IsZero() && first.Sub(w.From).Abs() > time.Minute {
					t.Fatalf("the first window begins at %v, want %v", w.From, first)
				}
				if !w.To.After(w.From) || w.To.After(server().Add(-2*time.Minute)) || w.To.Sub(w.From) > time.Hour {
					t.Fatalf("window is %v, the service's time is %v", w, server())
				}
				frontier = w.To
				source.pacer.read(w.To.Sub(w.From), random.IntN(200_000))
				time.Sleep(time.Duration(random.Int64N(int64(time.Minute))))
				service.clock.set(http.Header{"Date": {server().UTC().Format(http.TimeFormat)}})
			}
			if service.asked != 1 {
				t.Errorf("asked %d times for the time", service.asked)
			}
		})
	}
}

func TestPlanWithoutAnswer(t *testing.T) {
	cause := errors.New("no route")
	source := planner(&stopped{err: cause, mute: true})
	if _, _, ok, err := source.Plan(t.Context(), time.Time{}); ok || !errors.Is(err, cause) {
		t.Errorf("plan is %v, %v", ok, err)
	}
	source = planner(&stopped{err: cause}) // a refusal with a Date
	if _, _, ok, err := source.Plan(t.Context(), time.Time{}); ok || !errors.Is(err, cause) {
		t.Errorf("plan is %v, %v", ok, err)
	}
	source = planner(&stopped{mute: true}) // an answer without
	if _, _, ok, err := source.Plan(t.Context(), time.Time{}); !ok || err != nil {
		t.Errorf("plan is %v, %v", ok, err)
	}
}

func TestPlanWaitsForAFrontierAheadOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := planner(new(stopped))
		ahead := time.Now().Add(time.Hour)
		_, wait, ok, err := source.Plan(t.Context(), ahead)
		if ok || err != nil || wait != time.Hour+2*time.Minute+30*time.Second {
			t.Errorf("plan is %v after %v, %v", ok, wait, err)
		}
	})
}

func TestPacer(t *testing.T) {
	steps := []struct {
		rows int // -1: too large
		want time.Duration
	}{
		{0, 20 * time.Minute},
		{0, 40 * time.Minute},
		{0, time.Hour},
		{0, time.Hour},
		{1_000_000, 30 * time.Minute},
		{50_000, 30 * time.Minute},
		{-1, 15 * time.Minute},
		{25_000, 30 * time.Minute},
	}
	p := newPacer(time.Hour)
	for i, s := range steps {
		if s.rows < 0 {
			p.tooLarge(p.next())
		} else {
			p.read(p.next(), s.rows)
		}
		if got := p.next().Round(time.Minute); got != s.want {
			t.Fatalf("step %d: length is %v, want %v", i, got, s.want)
		}
	}
	for range 100 {
		p.tooLarge(p.next())
	}
	if p.next() != leastLength {
		t.Errorf("length is %v", p.next())
	}
}

// TestAbsentTable has the table come into being: no window is planned before.
func TestAbsentTable(t *testing.T) {
	for name, absent := range map[string]func(http.ResponseWriter){
		"no such table": func(w http.ResponseWriter) {
			fail(w, http.StatusBadRequest, "BadArgumentError", "SemanticError", "SEM0100", "Failed to resolve table or column expression named 'AuditLogs'")
		},
		"empty workspace": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
	} {
		t.Run(name, func(t *testing.T) {
			data, there := new(table), false
			data.fill(3, 1)
			source := newServiceSource(t, func(w http.ResponseWriter, query string) {
				if !there {
					absent(w)
					return
				}
				data.answer(w, query)
			})
			for range 2 {
				if _, wait, ok, err := source.Plan(t.Context(), time.Time{}); ok || err != nil || wait != absentPause || !source.Absent() {
					t.Fatalf("plan is %v after %v, %v; absent is %v", ok, wait, err, source.Absent())
				}
			}
			there = true
			if _, _, ok, err := source.Plan(t.Context(), time.Time{}); !ok || err != nil || source.Absent() {
				t.Fatalf("plan is %v, %v; absent is %v", ok, err, source.Absent())
			}
			// A table that was there is never called empty because the service says that there is none.
			there = false
			var got reading
			if err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver); kindOf(err) != absentPause.String() {
				t.Errorf("read: %v", err)
			}
		})
	}
}

func newServiceSource(t *testing.T, answer func(http.ResponseWriter, string)) *Source {
	t.Helper()
	s := newService(t, answer)
	return s.source(s.config())
}

func TestAShortStartStillBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := planner(new(stopped))
		source.start = 0
		if _, _, ok, err := source.Plan(t.Context(), time.Time{}); !ok || err != nil {
			t.Errorf("plan is %v, %v", ok, err)
		}
	})
}

func TestTheClockBelievesNoSingleOutlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		say := func(ahead time.Duration) time.Duration {
			c.set(http.Header{"Date": {time.Now().Add(ahead).UTC().Format(http.TimeFormat)}})
			now, _ := c.now()
			return time.Until(now).Round(time.Minute)
		}
		for i, step := range []struct{ said, want time.Duration }{
			{0, 0}, {time.Hour, 0}, {0, 0}, {time.Hour, 0}, {time.Hour, time.Hour}, {0, 0},
		} {
			if got := say(step.said); got != step.want {
				t.Errorf("step %d: the clock is %v ahead, want %v", i, got, step.want)
			}
		}
	})
}

// keeper is a workspace whose oldest row was generated at a time.
type keeper struct {
	stopped
	oldest time.Time
	partly bool
}

func (k *keeper) Query(ctx context.Context, kql string, to rowReceiver) (outcome, error) {
	if strings.Contains(kql, "min(") {
		if err := to.begin([]string{"min_TimeGenerated"}, []enrich.Type{enrich.Datetime}); err != nil {
			return outcome{}, err
		}
		cell := "null"
		if !k.oldest.IsZero() {
			cell = `"` + k.oldest.UTC().Format(ticks) + `"`
		}
		result := outcome{rows: 1}
		if k.partly {
			result.partial = new(partialError)
		}
		return result, to.row([]byte(cell), []enrich.Span{{End: uint32(len(cell))}}, nil)
	}
	return k.stopped.Query(ctx, kql, to)
}

// TestWhatTheWorkspaceHasDeletedIsLeftOut has a stream be away for longer than its rows are kept.
func TestWhatTheWorkspaceHasDeletedIsLeftOut(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct{ away, oldest, lost time.Duration }{
		"rows are kept":      {40 * day, 60 * day, 0},
		"rows were deleted":  {40 * day, 30 * day, 9 * day},
		"a short absence":    {3 * day, day, 0},
		"the table is empty": {40 * day, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := &keeper{}
				if test.oldest > 0 {
					service.oldest = time.Now().Add(-test.oldest)
				}
				source := planner(&service.stopped)
				source.query = service
				frontier := time.Now().Add(-test.away)
				w, _, ok, err := source.Plan(t.Context(), frontier)
				if !ok || err != nil || w.From.Sub(frontier) != test.lost {
					t.Errorf("plan is %v, %v, %v; want %v left out", w, ok, err, test.lost)
				}
			})
		})
	}
}

// TestRetentionIsLookedAtAgain has a stream fall behind twice in one life of the host, the second time behind what is kept, and
// be told first of the oldest of some rows only.
func TestRetentionIsLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := 24 * time.Hour
		service := &keeper{oldest: time.Now().Add(-60 * day)}
		source := planner(&service.stopped)
		source.query = service
		from := func(away time.Duration) (lost time.Duration, err error) {
			frontier := time.Now().Add(-away)
			w, _, _, err := source.Plan(t.Context(), frontier)
			return w.From.Sub(frontier), err
		}
		for i, step := range []struct {
			away, kept, lost time.Duration
			partly           bool
		}{{40 * day, 60 * day, 0, false}, {time.Hour, 60 * day, 0, false}, {40 * day, 10 * day, 0, true}, {40 * day, 30 * day, 9 * day, false}} {
			service.oldest, service.partly = time.Now().Add(-step.kept), step.partly
			if lost, err := from(step.away); (err != nil) != step.partly || err == nil && lost != step.lost {
				t.Errorf("step %d: %v left out, %v; want %v", i, lost, err, step.lost)
			}
		}
	})
}

// TestOneWrongClockDoesntPutAStreamToSleep has one of the service's servers be an hour slow: the streams would wait for that hour to
// pass.
func TestOneWrongClockDoesntPutAStreamToSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := new(stopped)
		source := planner(service)
		w, _, ok, err := source.Plan(t.Context(), time.Time{})
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		frontier := w.To
		for !time.Now().Before(frontier.Add(source.settle)) { // read what is there
			time.Sleep(source.every)
			if w, _, ok, err = source.Plan(t.Context(), frontier); err != nil {
				t.Fatal(err)
			} else if ok {
				frontier = w.To
			}
			if time.Since(frontier) < source.settle+2*source.every {
				break
			}
		}
		source.clock.set(http.Header{"Date": {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}})
		time.Sleep(source.every)
		if w, wait, ok, err := source.Plan(t.Context(), frontier); err != nil || !ok && wait > absentPause || ok && w.To.After(time.Now().Add(-source.settle)) {
			t.Errorf("plan is %v, %v after %v, %v", w, ok, wait, err)
		}
		if now, _ := source.clock.now(); time.Since(now) > jump {
			t.Errorf("the clock is still %v slow", time.Since(now))
		}

		// The service itself goes back by an hour: nothing is read twice, and it is asked once a minute.
		tell := func() {
			service.clock.set(http.Header{"Date": {time.Now().Add(service.ahead).UTC().Format(http.TimeFormat)}})
		}
		service.ahead, service.asked = -time.Hour, 0
		tell()
		begin, frontiers := time.Now(), 0
		for time.Since(begin) < 2*time.Hour {
			w, wait, ok, err := source.Plan(t.Context(), frontier)
			switch {
			case err != nil:
				t.Fatal(err)
			case !ok:
				time.Sleep(wait)
				continue
			case !w.From.Equal(frontier):
				t.Fatalf("the window %v begins elsewhere than at %v", w, frontier)
			}
			if frontiers++; w.To.After(time.Now().Add(-time.Hour - source.settle)) {
				t.Fatalf("the window %v reaches into the service's future", w)
			}
			frontier = w.To
			tell()
		}
		if frontiers == 0 || service.asked > 70 {
			t.Errorf("%d windows in two hours, and the service was asked %d times for its time", frontiers, service.asked)
		}
	})
}
