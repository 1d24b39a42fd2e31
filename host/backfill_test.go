package host

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// TestABackfillLeavesTheHostsWorkAlone goes by what the ledger of the host says.
func TestABackfillLeavesTheHostsWorkAlone(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	hour := func(h int) time.Time { return now.Add(time.Duration(h-12) * time.Hour) }
	la := loganalytics.Defaults()
	la.Workspace, la.Tables = "w", []loganalytics.Table{{Name: "AuditLogs"}}
	open := []pipeline.Progress{{Window: pipeline.Window{Stream: "la:w:AuditLogs", From: hour(5), To: hour(6)}}}
	for name, test := range map[string]struct {
		state    *pipeline.State
		from, to int
		want     string // "": it may be read
	}{
		"no ledger":              {nil, 1, 11, ""},
		"not settled":            {nil, 1, 12, "rows may come until"},
		"read and delivered":     {&pipeline.State{Frontier: hour(10), Open: open}, 7, 10, ""},
		"before an open window":  {&pipeline.State{Frontier: hour(10), Open: open}, 4, 5, ""},
		"within an open window":  {&pipeline.State{Frontier: hour(10), Open: open}, 4, 6, "is still to deliver"},
		"behind the frontier":    {&pipeline.State{Frontier: hour(10)}, 9, 11, "has read AuditLogs up to"},
		"a stream not yet begun": {&pipeline.State{}, 9, 11, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := Backfill{From: hour(test.from), To: hour(test.to)}
			err := b.conflict(map[string]*pipeline.State{"la:w:AuditLogs": test.state}, []config.LogAnalytics{{Config: la}}, now)
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" && (!errors.Is(err, ErrUnsettled) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v", err)
			}
		})
	}
}
