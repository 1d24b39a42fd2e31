package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/proof"
)

func lostLedgerReport() proof.Report {
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	return proof.Report{
		From: at, To: at.Add(time.Hour), Unrecorded: 1,
		Bins: []proof.Bin{{
			Stream: "la:w:AuditLogs", Table: "AuditLogs", Start: at, State: proof.Unrecorded, Rows: 3, Read: 1,
			Sinks: map[string]proof.SinkBin{"hec": {State: proof.Unrecorded, Confirmed: 1, Unrecorded: 2}},
		}},
	}
}

// TestWhatIsNotRecordedIsShown prints a bin whose proof was lost with the ledger.
func TestWhatIsNotRecordedIsShown(t *testing.T) {
	out := Proof(lostLedgerReport(), false)
	for _, want := range []string{
		"2026-01-02T03:00:00Z  AuditLogs  3     1     hec   1          0     0     0        0        not recorded\n",
		"la:w:AuditLogs: 3 rows in 1 bin: 1 not recorded\n",
		"not recorded: the ledger was lost after that time; --repair sends these rows once more\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
}

// TestReportAsJSON holds the names that scripts read.
func TestReportAsJSON(t *testing.T) {
	const want = `{"from":"2026-01-02T03:00:00Z","to":"2026-01-02T04:00:00Z","bins":[{"stream":"la:w:AuditLogs","table":"AuditLogs",` +
		`"start":"2026-01-02T03:00:00Z","state":"not recorded","rows":3,"read":1,"sinks":{"hec":{"state":"not recorded","confirmed":1,` +
		`"dead":0,"open":0,"missing":0,"surplus":0,"unrecorded":2}}}],"differs":0,"open":0,"unrecorded":1,"repaired":0,"left":0}`
	if got, err := json.Marshal(lostLedgerReport()); err != nil || string(got) != want {
		t.Errorf("%v: %s", err, got)
	}
}
