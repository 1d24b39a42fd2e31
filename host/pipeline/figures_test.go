package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestFiguresOfAStream holds what is counted of a stream and a sink that both fail for a while.
func TestFiguresOfAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, sends, reads := time.Now(), 0, 0
		sink := &recorder{send: func(context.Context, []enrich.Event) error {
			if sends++; sends <= 3 {
				return errors.New("no route to host")
			}
			return nil
		}}
		source := &rows{n: 200, batch: 10, fail: func(pipeline.Window, int) error {
			if reads++; reads == 5 {
				return errors.New("503 Service Unavailable")
			}
			return nil
		}}
		p := build(&memory{}, nil, []pipeline.Stream{source.stream("s")}, sink)
		p.Outlets[0].Concurrency = 1
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		h := p.Outlets[0].Health.Report()
		if h.Err != nil || !h.Since.IsZero() || h.Failures != 3 || h.Retried != 30 || h.Success.Before(begin) || h.Last != h.Success {
			t.Errorf("health: %+v", h)
		}
		f := p.Stats.Figures().Streams["s"]
		if f.Read < 200 || f.Failures != 1 || f.LastFail != "" || !f.Ended || f.Held["sink-0"].Events != 0 || f.Held["sink-0"].Since.Before(h.Success) || f.Success.Before(begin) {
			t.Errorf("stream: %+v", f)
		}
		if want := f.Sign.Sub(start().Add(199 * time.Second)); f.EventLag > want || f.EventLag < want-time.Hour {
			t.Errorf("event lag %v, want up to %v", f.EventLag, want)
		}
		state := p.States()["s"]
		if state == nil || state.Waiting("sink-0") != 0 || !state.ConfirmedThrough("sink-0").Equal(start().Add(200*time.Second)) {
			t.Errorf("state: %+v", state)
		}
	})
}

// TestThrough holds that a sink has everything up to the oldest window that it still needs.
func TestThrough(t *testing.T) {
	at := func(minutes int) time.Time { return start().Add(time.Duration(minutes) * time.Minute) }
	var s pipeline.State
	if through := s.ConfirmedThrough("a"); !through.IsZero() {
		t.Errorf("nothing was planned, and still all is there up to %v", through)
	}
	for i := range 3 {
		s.Begin(pipeline.Window{From: at(i), To: at(i + 1)}, []string{"a", "b"})
	}
	s.Done(pipeline.Window{From: at(0), To: at(1)}, "a")
	s.Done(pipeline.Window{From: at(2), To: at(3)}, "a")
	for sink, want := range map[string]time.Time{"a": at(1), "b": at(0), "c": at(3)} {
		if got := s.ConfirmedThrough(sink); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", sink, got, want)
		}
	}
}

// TestFiguresOfRules holds that every answer of a rule is counted, and those of a module as a whole apart.
func TestFiguresOfRules(t *testing.T) {
	var s pipeline.Stats
	events := []enrich.Event{
		{Risk: enrich.Risk{Rules: []enrich.Match{{ID: "a"}, {ID: "b"}}}},
		{Risk: enrich.Risk{Rules: []enrich.Match{{ID: "a"}}, Suppressed: []enrich.Match{{ID: "b"}}}},
		{Risk: enrich.Risk{Errors: []enrich.Failure{{Rule: "c", Module: "cel"}, {Module: "mine"}}}},
	}
	s.Read("s", events)
	f := s.Figures()
	want := map[string]pipeline.RuleFigures{"a": {Matches: 2}, "b": {Matches: 1, Suppressed: 1}, "c": {Errors: 1}}
	if diff := cmp.Diff(want, f.ByRule); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"mine": 1}, f.Unjudged); diff != "" || f.Streams["s"].Tagged != 2 {
		t.Errorf("%+v %s", f.Streams["s"], diff)
	}
}

// TestBlocked holds that a sink whose dead letters can't be written shows it.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left on device")
		inner, health, tries := refuser{&recorder{}}, &pipeline.Health{}, 0
		keeper := &pipeline.DeadLetter{Sink: inner, Notify: health.Blocked, Keep: func([]enrich.Event, []pipeline.Rejection) error {
			if tries++; tries > 3 {
				return nil
			}
			if report := health.Report(); tries > 1 && (report.Err == nil || !report.Due.Equal(time.Now())) {
				t.Errorf("its dead letters can't be written and are tried at %v: %+v", time.Now(), report)
			}
			return full
		}}
		sink := &pipeline.Retry{Sink: keeper, Health: health}
		receipt, err := sink.Send(t.Context(), []enrich.Event{{ID: "1"}, {ID: "7"}})
		if err != nil || receipt.Events != 1 || receipt.Dead != 1 {
			t.Errorf("%+v, %v", receipt, err)
		}
		if r := health.Report(); r.Err != nil || r.Retried != 0 {
			t.Errorf("afterwards: %+v", r)
		}
	})
}
