package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

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
