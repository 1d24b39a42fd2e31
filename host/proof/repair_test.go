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

// TestADifferenceThatStaysIsNotAuditedForEver has a minute of which the service counts a row that it never gives, and one of
// which it deletes a row that was delivered: audits give up on both, and say which is which.
func TestADifferenceThatStaysIsNotAuditedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := &workspace{every: 10 * time.Minute}
		for i := range 60 {
			at := begin.Add(time.Duration(i) * time.Minute)
			w.rows = append(w.rows, row{at, at}, row{at, at})
		}
		stream := w.stream(begin)
		stream.Count = func(ctx context.Context, win pipeline.Window) ([]pipeline.Run, error) {
			runs, err := w.count(ctx, win)
			for i := range runs {
				switch runs[i].Minute.Sub(begin) {
				case 7 * time.Minute:
					runs[i].Rows++
				case 9 * time.Minute:
					runs[i].Rows--
				}
			}
			return runs, err
		}
		sink := &siem{got: map[string]int{}}
		r := assemble(t, stream, map[string]*siem{"hec": sink})
		r.run(t, 60*time.Hour)
		if again := sink.got["14"]; again < 2 || again > 5 || sink.got["18"] != 1 || sink.got["16"] != 1 {
			t.Errorf("the minute that lacks a row was sent %d times, the one that has too many %d times", again, sink.got["18"])
		}
		report := r.verify(t, proof.Request{From: begin, To: begin.Add(time.Hour), Bin: time.Minute})
		if lacks, has := report.Bins[7].Sinks["hec"], report.Bins[9].Sinks["hec"]; report.Differs != 2 || lacks.Missing != 1 || has.Surplus != 1 || has.Missing != 0 {
			t.Errorf("%d differ: %+v and %+v", report.Differs, lacks, has)
		}
	})
}
