//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/proof"
	filesink "github.com/riskrelay/riskrelay/host/sink/file"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// TestVerifyBesideARunningHost has a row come late, and the command repair it through the host's socket.
func TestVerifyBesideARunningHost(t *testing.T) {
	server, la := workspace(t, time.Now)
	la.Tables, la.Every = []loganalytics.Table{{Name: "AuditLogs"}}, 20*time.Millisecond
	dir := t.TempDir()
	out := filepath.Join(dir, "out.ndjson")
	c := config.Defaults()
	c.DataDir, c.Rules.Builtin = dir, false
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: la}}
	sink := filesink.Defaults()
	sink.Path = out
	c.Sinks.File = []config.File{{Name: "file", Config: sink}}

	then := time.Now().UTC().Add(-time.Hour)
	add := func(ids ...string) {
		for _, id := range ids {
			row := fmt.Appendf(nil, `{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"x"}`, id, then.Format(time.RFC3339))
			if err := server.Add("AuditLogs", then, row); err != nil {
				t.Fatal(err)
			}
		}
	}
	add("row-1", "row-2")
	options := quiet()
	startHost(t, c, options)

	request := proof.Request{From: then.Add(-time.Minute), To: then.Add(time.Minute), Bin: time.Minute}
	verify := func() proof.Report {
		t.Helper()
		report, err := host.VerifyConfigured(t.Context(), c, request, options, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	for {
		report, err := host.VerifyConfigured(t.Context(), c, request, options, func(int) {})
		if err == nil && len(report.Bins) == 1 && report.Bins[0].State == proof.OK {
			break
		}
		if t.Context().Err() != nil {
			t.Fatalf("never whole: %+v, %v", report, err)
		}
	}
	add("late")
	if b := verify().Bins[0]; b.State != proof.Differs || b.Sinks["file"].Missing != 1 {
		t.Fatalf("late row: %+v", b)
	}
	request.Repair = true
	if r := verify(); r.Repaired != 1 {
		t.Fatalf("repair: %+v", r)
	}
	request.Repair = false
	if b := verify().Bins[0]; b.State != proof.OK || b.Sinks["file"].Confirmed != 3 {
		t.Errorf("repaired: %+v", b)
	}
	text, err := os.ReadFile(out)
	if err != nil || strings.Count(string(text), `"event_id":"late"`) != 1 {
		t.Errorf("%v: %s", err, text)
	}
}
