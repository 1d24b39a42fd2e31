package host

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/source/graph"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// TestOldLedgersAreReadOn has a data directory of an earlier version, byte for byte: every kind of stream finds its record
// under the name that it had, and goes on from there.
func TestOldLedgersAreReadOn(t *testing.T) {
	const workspace = "3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13"
	c, frontier := replay(t), time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	old := map[string]bool{
		"la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:AuditLogs":  true,
		"la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:SigninLogs": true,
		"graph:entra:GraphApplications":                      true,
		"file:" + c.Sources.Files[0]:                         true,
		"followups":                                          true,
		"summary":                                            true,
	}
	store, err := boltstore.Open(c.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	for name := range old {
		const record = "\x8f\rGd" + `{"frontier":"2026-03-02T10:00:00Z","open":null,"total":null}` // behind its CRC-32C
		if _, err := store.Commit(ledger.Batch{Put: map[ledger.Key][]byte{{Bucket: ledger.Streams, Name: name}: []byte(record)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	la, tenant := loganalytics.Defaults(), graph.Defaults()
	la.Workspace, la.Tables = workspace, []loganalytics.Table{{Name: "AuditLogs"}, {Name: "SigninLogs"}}
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: la}}
	c.Sources.Graph = []config.Graph{{Config: tenant}}
	c.DNS, c.Summary, c.Metrics.Listen = dns.Config{Resolver: "192.0.2.53:53", Transport: "udp"}, true, ""
	h, err := New(t.Context(), c, Options{Log: quietLog()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, s := range h.pipeline.Streams {
		record, err := h.pipeline.Ledger.Open(s.Name)
		if err != nil {
			t.Fatal(err)
		}
		if got := record.State().Frontier; !old[s.Name] || !got.Equal(frontier) {
			t.Errorf("%q (%s) goes on from %v, want %v", s.Name, s.Kind, got, frontier)
		}
		delete(old, s.Name)
	}
	for name := range old {
		t.Errorf("nobody reads on in %q", name)
	}
}
