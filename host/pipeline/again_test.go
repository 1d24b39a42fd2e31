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

// TestManyMinutesToReadAgainHoldNothingUp has thousands of minutes to be read again for a sink that is away: the other sink
// gets the windows that follow as if they weren't there.
func TestManyMinutesToReadAgainHoldNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := func(context.Context, []enrich.Event) error { return errors.New("no route to host") }
		alive, away := &recorder{}, &recorder{send: dead}
		const past, all = 4200, 4800
		source, l := &rows{n: all, batch: 10}, &memory{}
		p := build(l, nil, []pipeline.Stream{source.stream("s")}, alive, away)
		record, _ := l.Open("s")
		err := record.Update(func(s *pipeline.State) error {
			w := pipeline.Window{Stream: "s", From: start(), To: start().Add(past * time.Second)}
			s.Begin(w, []string{"sink-0", "sink-1"})
			s.Done(w, "sink-0")
			s.Done(w, "sink-1")
			for at := w.From; at.Before(w.To); at = at.Add(2 * time.Second) {
				if err := s.Again(pipeline.Window{Stream: "s", From: at, To: at.Add(time.Second)}, "sink-1"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		if len(alive.got) != all-past {
			t.Errorf("the sink that is alive has %d of %d rows", len(alive.got), all-past)
		}
	})
}
