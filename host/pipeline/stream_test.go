package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStreamNames holds the names under which ledgers that were written before know their streams. They must never change.
func TestStreamNames(t *testing.T) {
	const workspace = "3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13"
	for name, got := range map[string]Stream{
		"la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:AuditLogs": NewStream(LogAnalytics, workspace, "AuditLogs"),
		"graph:entra:GraphApplications":                     NewStream(Graph, "entra", "GraphApplications"),
		"file:/var/log/rows.ndjson":                         FileStream("/var/log/rows.ndjson"),
		`file:C:\logs\rows:AuditLogs`:                       FileStream(`C:\logs\rows:AuditLogs`),
		"stdin":                                             FileStream("-"),
		"followups":                                         NewStream(FollowUps, "", ""),
		"summary":                                           NewStream(Summaries, "", ""),
	} {
		if got.Name != name {
			t.Errorf("%q is called %q now", name, got.Name)
		}
		if got.Kind == "" {
			t.Errorf("%q has no kind", name)
		}
		if diff := cmp.Diff(got, StreamNamed(name)); diff != "" {
			t.Errorf("%q (-made +read):\n%s", name, diff)
		}
	}
}

// TestForeignStreamNames has names that no version gave: they are kept as they are, and say nothing.
func TestForeignStreamNames(t *testing.T) {
	for _, name := range []string{"", "la", "la:", "la:w", "graph:entra", "eventhub:ns:hub", "stdin:x", "followups:", "AuditLogs"} {
		if diff := cmp.Diff(Stream{Name: name}, StreamNamed(name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}
