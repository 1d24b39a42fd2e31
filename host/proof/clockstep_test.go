package proof_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
)

// stepping is by how much a clock is off during a run of twelve hours, of which the third to the sixth are special.
type stepping struct{ first, then, last time.Duration }

func (s stepping) at(since time.Duration) time.Duration {
	switch {
	case since < 3*time.Hour:
		return s.first
	case since < 6*time.Hour:
		return s.then
	}
	return s.last
}

// TestClocksThatStep has the service's clock step by an hour: rows are stamped by it, and windows planned by what it says. Each row
// arrives, and only those of minutes come twice in which rows came after they were read.
func TestClocksThatStep(t *testing.T) {
	const hour = time.Hour
	tests := map[string]struct {
		stamps, says stepping
		twice        int // rows that may come twice
	}{
		"forward":            {stepping{0, hour, hour}, stepping{0, hour, hour}, 0},
		"back":               {stepping{0, -hour, -hour}, stepping{0, -hour, -hour}, 60},
		"forward and back":   {stepping{0, hour, 0}, stepping{0, hour, 0}, 60},
		"back and forward":   {stepping{0, -hour, 0}, stepping{0, -hour, 0}, 60},
		"it says so only":    {stepping{}, stepping{0, hour, 0}, 0},
		"it says too little": {stepping{}, stepping{0, -hour, 0}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				w := &workspace{every: 30 * time.Minute}
				for i := range 12 * 60 {
					at := time.Duration(i)*time.Minute + 7*time.Second
					w.rows = append(w.rows, row{ingested: begin.Add(at + test.stamps.at(at)), visible: begin.Add(at)})
				}
				slices.SortFunc(w.rows, func(a, b row) int { return a.ingested.Compare(b.ingested) })
				s := w.stream(begin)
				s.Plan = func(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
					if frontier.IsZero() {
						frontier = begin.Add(-time.Hour)
					}
					now := time.Now().Add(test.says.at(time.Since(begin)))
					if early := w.every - now.Add(-settle).Sub(frontier); early > 0 {
						return pipeline.Window{}, min(early, time.Minute), false, nil
					}
					return pipeline.Window{From: frontier, To: frontier.Add(w.every)}, 0, true, nil
				}
				sink := &siem{got: map[string]int{}}
				r := assemble(t, s, map[string]*siem{"hec": sink})
				r.run(t, 18*time.Hour) // the audit after two hours sees all
				twice := 0
				for _, n := range sink.got {
					twice += n - 1
				}
				if len(sink.got) != len(w.rows) || twice > test.twice {
					t.Errorf("%d of %d rows came, %d of them twice; want at most %d", len(sink.got), len(w.rows), twice, test.twice)
				}
				report := r.verify(t, proof.Request{From: begin.Add(-time.Hour), To: begin.Add(14 * time.Hour), Bin: time.Hour})
				if report.Differs > 0 || report.Open > 0 {
					t.Errorf("report %+v", report)
				}
				t.Logf("%d rows came late, %d twice", r.late, twice)
			})
		})
	}
}
