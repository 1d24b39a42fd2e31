//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	sinklog "github.com/riskrelay/riskrelay/host/sink/received"
)

// TestABackfillSurvivesKills kills a backfill three times, with SIGKILL: called again with the same times it goes on, and
// only what was under way is sent once more.
func TestABackfillSurvivesKills(t *testing.T) {
	const rows = 6000
	w, server := emptyWork(t)
	begin := time.Now().UTC().Add(-10 * time.Hour).Truncate(time.Minute)
	for i := range rows {
		at, id := begin.Add(time.Duration(i)*4*time.Hour/rows), fmt.Sprint("row-", i)
		row := fmt.Appendf(nil, `{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"x"}`, id, at.Format(time.RFC3339))
		if err := server.Add("AuditLogs", at, row); err != nil {
			t.Fatal(err)
		}
	}
	w.receive(t, server, io.Discard, "")
	var stderr bytes.Buffer
	start := func() *exec.Cmd {
		c := exec.Command(w.binary, "backfill", "-c", w.config, "--table", "AuditLogs",
			"--from", begin.Format(time.RFC3339), "--to", begin.Add(4*time.Hour).Format(time.RFC3339))
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for kill := range 3 {
		c := start()
		_ = w.hec.Events.Wait(t.Context(), (kill+1)*rows/4) // or it ended, which the last run tells
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	if err := start().Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for name, log := range map[string]*sinklog.Log{"hec": &w.hec.Events, "syslog": &w.syslog.Events} {
		if err := log.Wait(t.Context(), rows); err != nil { // syslog may still be read when the program has ended
			t.Error(err)
		}
		if again := log.Total() - rows; log.Len() != rows || again > rows/2 {
			t.Errorf("%s has %d of %d rows, %d were sent again", name, log.Len(), rows, again)
		}
	}
}
