//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	filesink "github.com/riskrelay/riskrelay/host/sink/file"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// TestABackfillGoesOnWhereItWas interrupts a backfill beside a running host, and has the next one go on.
func TestABackfillGoesOnWhereItWas(t *testing.T) {
	const rows = 2000
	server, la := workspace(t, time.Now)
	la.Tables, la.MaxWindow, la.Start = []loganalytics.Table{{Name: "AuditLogs"}}, 10*time.Minute, time.Minute
	begin := time.Now().UTC().Add(-10 * time.Hour).Truncate(time.Minute)
	for i := range rows {
		at := begin.Add(time.Duration(i) * 4 * time.Hour / rows)
		row := fmt.Appendf(nil, `{"_ItemId":"row-%d","TimeGenerated":%q,"OperationName":"x"}`, i, at.Format(time.RFC3339))
		if err := server.Add("AuditLogs", at, row); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	c := config.Defaults()
	c.DataDir, c.Rules.Builtin, c.Drain = dir, false, time.Minute
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: la}}
	sink := filesink.Defaults()
	sink.Path = filepath.Join(dir, "out.ndjson")
	c.Sinks.File = []config.File{{Name: "file", Config: sink}}
	startHost(t, c, quiet())

	b := host.Backfill{From: begin, To: begin.Add(4 * time.Hour), Progress: func(time.Duration, time.Duration) {}}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	seen := 0
	var done bool
	var first int64
	watched := quiet()
	watched.Observe = func(_ string, events []enrich.Event) {
		if seen += len(events); seen > rows/2 {
			interrupt()
		}
	}
	err := host.ErrUnsettled
	for errors.Is(err, host.ErrUnsettled) { // while the host starts
		done, first, err = b.Run(ctx, c, watched)
	}
	if done || err != nil {
		t.Fatalf("interrupted: done is %v, %v", done, err)
	}
	done, second, err := b.Run(t.Context(), c, quiet())
	if !done || err != nil {
		t.Fatalf("the second time: done is %v, %v", done, err)
	}
	if first < rows/2 || first+second > rows+rows/4 {
		t.Errorf("%d rows, then %d", first, second)
	}
	text, err := os.ReadFile(sink.Path + ".backfill")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if !strings.Contains(string(text), fmt.Sprintf(`"event_id":"row-%d"`, i)) {
			t.Fatalf("row %d is missing", i)
		}
	}
	b.To = time.Now().Add(time.Hour).Truncate(time.Minute)
	if _, _, err := b.Run(t.Context(), c, quiet()); !errors.Is(err, host.ErrUnsettled) {
		t.Errorf("into the present: %v", err)
	}
}
