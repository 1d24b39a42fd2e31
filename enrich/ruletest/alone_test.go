package ruletest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// TestStatefulRules gives each test of a rule that remembers a module of its own; the rows of one test come one after the
// other, and context.seen pins what was seen before. Exceptions of the author count, and deprecated rules have no tests.
func TestStatefulRules(t *testing.T) {
	const pack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - id: my.rule
    title: t
    tables: [AuditLogs]
    when: event.OperationName != ""
    severity: high
    first_seen: {key: [event.OperationName], window: 1d, else: {severity: low}}
    exceptions: [{name: noise, fields: [event.OperationName], values: [[Noise]]}]
    tests:
      - {name: first, event: {Type: AuditLogs, TimeGenerated: "2026-03-02T10:00:00Z", OperationName: a}, want: {severity: high, reasons: [first seen]}}
      - {name: first again, event: {Type: AuditLogs, TimeGenerated: "2026-03-02T11:00:00Z", OperationName: a}, want: {severity: high}}
      - name: second
        events:
          - {Type: AuditLogs, TimeGenerated: "2026-03-02T10:00:00Z", OperationName: a}
          - {Type: AuditLogs, TimeGenerated: "2026-03-02T11:00:00Z", OperationName: a}
        want: {severity: low, reasons: [seen before]}
      - {name: pinned, context: {seen: {my.rule: [a]}}, event: {Type: AuditLogs, OperationName: a}, want: {severity: low}}
      - {name: excepted, event: {Type: AuditLogs, OperationName: noise}, want: none}
  - id: my.old
    title: t
    status: deprecated
    replaced_by: my.rule
    tables: [AuditLogs]
    when: true
    severity: low
    tests: [{name: never runs, event: {Type: AuditLogs}, want: {severity: critical}}]
`
	report, err := ruletest.Run(context.Background(), ruletest.Options{
		Files: []enrich.File{{Name: "x.yaml", Data: []byte(pack)}}, New: func() enrich.Module { return celrule.New() },
	})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteText(&text, true); err != nil {
		t.Fatal(err)
	}
	if !report.OK() || len(report.Problems) > 0 || report.Passed != 5 {
		t.Errorf("%s", text.String())
	}
	if slices.ContainsFunc(report.Results, func(r ruletest.Result) bool { return r.Rule == "my.old" }) {
		t.Error("a test of a deprecated rule ran")
	}
}
