package proof_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/proof"
)

// TestALostLedgerIsNotTakenForMissingRows has the ledger's file become unreadable while in use: no audit sends what was
// delivered before, rows that come late afterwards are found as ever, and a repair sends the rest when asked.
func TestALostLedgerIsNotTakenForMissingRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := &workspace{every: 10 * time.Minute}
		for i := range 40 * 6 {
			at := begin.Add(time.Duration(i)*10*time.Minute + time.Minute)
			w.rows = append(w.rows, row{at, at})
		}
		const late = 30 * 6
		w.rows[late].visible = w.rows[late].ingested.Add(3 * time.Hour)
		sink := &siem{got: map[string]int{}}
		r := assemble(t, w.stream(begin), map[string]*siem{"hec": sink})
		time.AfterFunc(24*time.Hour+5*time.Minute, func() {
			if err := os.Truncate(filepath.Join(r.dir, boltstore.FileName), 0); err != nil {
				t.Error(err)
			}
		})
		r.run(t, 74*time.Hour)
		sent := func() (n int) {
			for _, times := range sink.got {
				n += times
			}
			return n
		}
		if len(sink.got) != len(w.rows) || sent() > len(w.rows)+1 || r.late != 1 {
			t.Errorf("%d of %d rows in %d events, %d were late", len(sink.got), len(w.rows), sent(), r.late)
		}
		day := proof.Request{From: begin, To: begin.Add(24 * time.Hour), Bin: time.Hour}
		report := r.verify(t, day)
		bin := report.Bins[3]
		if report.Differs != 0 || report.Unrecorded < 22 || bin.State != proof.Unrecorded || bin.Sinks["hec"].Unrecorded != 6 || bin.Sinks["hec"].Missing != 0 {
			t.Errorf("%d differ, %d aren't recorded, one is %+v", report.Differs, report.Unrecorded, bin)
		}
		day.Repair = true
		if report = r.verify(t, day); report.Repaired < 130 {
			t.Errorf("repair: %+v", report)
		}
		r.run(t, time.Hour)
		day.Repair = false
		if report = r.verify(t, day); report.Differs+report.Unrecorded+report.Open != 0 || len(report.Bins) != 24 {
			t.Errorf("after the repair: %+v", report)
		}
	})
}
