package proof_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
)

// TestRepairOfManyMinutes repairs gaps that don't touch each other in one run of a pipeline that plans nothing new, as
// `riskrelay verify --repair` does without a host.
func TestRepairOfManyMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := &workspace{every: 10 * time.Minute}
		for i := range 60 {
			at := begin.Add(time.Duration(i) * time.Minute)
			w.rows = append(w.rows, row{at, at})
			if i%10 == 5 {
				w.rows = append(w.rows, row{at, begin.Add(80 * time.Minute)})
			}
		}
		sink := &siem{got: map[string]int{}}
		r := assemble(t, w.stream(begin), map[string]*siem{"hec": sink})
		r.auditor.Streams = nil // no audits
		r.run(t, 90*time.Minute)
		hour := proof.Request{From: begin, To: begin.Add(time.Hour), Bin: time.Hour, Repair: true}
		if report := r.verify(t, hour); report.Repaired != 6 || report.Left != 6 {
			t.Errorf("repair: %+v", report)
		}
		r.pipeline.Once = true
		r.pipeline.Streams[0].Plan = func(context.Context, time.Time) (pipeline.Window, time.Duration, bool, error) {
			return pipeline.Window{}, 0, false, pipeline.ErrEnd
		}
		if err := r.pipeline.Run(t.Context()); err != nil {
			t.Error(err)
		}
		hour.Repair = false
		if report := r.verify(t, hour); report.Differs != 0 || report.Left != 0 || len(sink.got) != len(w.rows) {
			t.Errorf("%d of %d rows: %+v", len(sink.got), len(w.rows), report)
		}
	})
}
