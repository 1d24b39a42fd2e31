package celrule

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestAskVerdicts checks that a live source alone makes a rule run that needs context dns.
func TestAskVerdicts(t *testing.T) {
	live := func(host string) string {
		return map[string]string{"gone.example.com": "nxdomain", "here.example.com": "resolves"}[host]
	}
	module := New()
	module.AskVerdicts(live)
	rules := `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: test, version: 1.0.0}
rules:
  - {id: test.dns, title: A, tables: [AuditLogs], when: context.dns(event.OperationName) == "nxdomain", severity: low}
  - {id: test.other, title: B, tables: [AuditLogs], when: event.success, severity: low}
`
	if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rules)}}}); err != nil {
		t.Fatal(err)
	}
	if got := module.Needing("dns"); len(got) != 1 || got[0] != "test.dns" {
		t.Errorf("rules that need dns: %v", got)
	}
	_, _, row, err := enrich.NewObjectParser(nil).Parse([]byte(`{"OperationName":"gone.example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	tags, err := module.Tag(t.Context(), []enrich.Event{enrich.NewEvent("AuditLogs", row)})
	if err != nil || len(tags[0]) != 1 || tags[0][0].Rule != "test.dns" {
		t.Errorf("tags %v, %v", tags, err)
	}
}
