package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// live is a source whose rows come in as time passes: one each beat from begin on. Each span is a window; a row of a span
// that urgent names is critical.
type live struct {
	begin  time.Time
	n      int
	urgent func(span int) bool
}

const (
	beat    = 10 * time.Second
	span    = 5 * time.Minute
	perSpan = int(span / beat)
)

func (l *live) Read(_ context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	var events []enrich.Event
	for at := w.From; at.Before(w.To); at = at.Add(beat) {
		serial := int(at.Sub(l.begin) / beat)
		id := fmt.Sprintf("row-%06d", serial)
		if pipeline.Mark(id) <= after {
			continue
		}
		e := enrich.Event{ID: id, Table: "T", Time: at}
		if serial%perSpan == 3 && l.urgent(serial/perSpan) {
			e.Risk.Level = enrich.Critical
		}
		if events = append(events, e); len(events) == 500 {
			if err := deliver(pipeline.Batch{Events: events, Next: pipeline.Mark(id)}); err != nil {
				return err
			}
			events = nil
		}
	}
	if len(events) == 0 {
		return nil
	}
	return deliver(pipeline.Batch{Events: events, Next: pipeline.Mark(events[len(events)-1].ID)})
}

func (l *live) stream() pipeline.Stream {
	return pipeline.Stream{Name: "live", Source: l, Plan: func(_ context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
		if frontier.IsZero() {
			frontier = l.begin
		}
		w = pipeline.Window{From: frontier, To: frontier.Add(span)}
		switch {
		case int(w.From.Sub(l.begin)/beat) >= l.n:
			return w, 0, false, pipeline.ErrEnd
		case w.To.After(time.Now()):
			return w, time.Until(w.To), false, nil
		}
		return w, 0, true, nil
	}}
}

// latency is a sink that notes how old events are when they come, and in which order spans come.
type latency struct {
	*recorder
	begin time.Time

	mu    sync.Mutex
	worst time.Duration
	total time.Duration
	n     int
	spans []int
}

func (l *latency) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	receipt, err := l.recorder.Send(ctx, events)
	if err != nil {
		return receipt, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range events {
		age := time.Since(events[i].Time)
		l.worst, l.total, l.n = max(l.worst, age), l.total+age, l.n+1
		if at := int(events[i].Time.Sub(l.begin) / span); len(l.spans) == 0 || l.spans[len(l.spans)-1] != at {
			l.spans = append(l.spans, at)
		}
	}
	return receipt, nil
}

func (l *latency) mean() time.Duration { return l.total / time.Duration(max(1, l.n)) }

// day runs rows for so long to three sinks, of which the last is dead at first. It returns the sinks, and the heap in use,
// in bytes, after each hour.
func day(t *testing.T, long, down time.Duration, urgent func(span int) bool) (sinks []*latency, heap []uint64) {
	rows := int(long / beat)
	begin := time.Now()
	dead := func(context.Context, []enrich.Event) error {
		if time.Since(begin) < down {
			return errors.New("connection refused")
		}
		return nil
	}
	source := &live{begin: begin, n: rows, urgent: urgent}
	p := build(&memory{}, nil, []pipeline.Stream{source.stream()}, &recorder{}, &recorder{}, &recorder{send: dead})
	for i := range p.Outlets {
		o := &p.Outlets[i]
		retry := o.Sink.(*pipeline.Retry)
		letters := retry.Sink.(*pipeline.DeadLetter)
		s := &latency{recorder: letters.Sink.(*recorder), begin: begin}
		letters.Sink, sinks = s, append(sinks, s)
	}
	ended := make(chan struct{})
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		for {
			select {
			case <-ended:
				return
			case <-time.After(time.Hour):
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				heap = append(heap, m.HeapAlloc)
			}
		}
	}()
	if err := p.Run(t.Context()); err != nil {
		t.Error(err)
	}
	close(ended)
	<-measured
	for i, s := range sinks {
		if again := s.check(t, rows); i < 2 && again != 0 {
			t.Errorf("sink %d got %d rows again", i, again)
		}
	}
	return sinks, heap
}

// TestADeadDay has one of three sinks dead for 24 hours: the others don't notice, memory doesn't grow with what waits (it
// waits in the workspace), and when the sink is back it gets the windows with high risk first.
func TestADeadDay(t *testing.T) {
	urgent := func(span int) bool { return span%7 == 5 }
	synctest.Test(t, func(t *testing.T) {
		usual, _ := day(t, 3*time.Hour, 0, urgent)
		sinks, heap := day(t, 25*time.Hour, 24*time.Hour, urgent)
		for i := range 2 {
			if sinks[i].worst > usual[i].worst+100*time.Millisecond || sinks[i].mean() > usual[i].mean()+10*time.Millisecond {
				t.Errorf("sink %d: events were up to %v old, %v on average; %v and %v with all sinks alive",
					i, sinks[i].worst, sinks[i].mean(), usual[i].worst, usual[i].mean())
			}
		}
		// The recorders remember the ids of a day, which is less than a megabyte.
		if grown := int64(heap[23]) - int64(heap[0]); grown > 4<<20 {
			t.Errorf("the heap grew by %d bytes: %v", grown, heap)
		}
		checkOrder(t, sinks[2].spans, urgent)
	})
}

// checkOrder wants the urgent spans of the dead day before the rest. What the sink was given when it died comes before
// them, and what is read as it comes in between counts as on time.
func checkOrder(t *testing.T, spans []int, urgent func(int) bool) {
	t.Helper()
	late, rest := 0, 0
	for _, at := range spans {
		switch {
		case at >= int(24*time.Hour/span):
		case !urgent(at):
			rest++
		case rest > 2:
			late++
		}
	}
	if late > 0 || rest == 0 {
		t.Errorf("%d urgent windows came after others; the order began with %v", late, spans[:min(40, len(spans))])
	}
}
