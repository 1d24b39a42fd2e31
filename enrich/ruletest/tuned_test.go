package ruletest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

const packToTune = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
lists: [{name: noise, items: [a]}]
rules:
  - id: acme.any
    title: t
    tables: [AuditLogs]
    when: '!(event.OperationName in lists.noise)'
    severity: high
    adjust: [{if: 'event.Result in context.list("odd")', severity: critical, reason: odd}]
    exceptions: [{name: who, fields: [event.Identity]}]
    tests:
      - {name: fires, event: {Type: AuditLogs, OperationName: b, Identity: ann}, want: {severity: high}}
      - {name: is silent, event: {Type: AuditLogs, OperationName: a}, want: none}
      - {name: of its own context, context: {lists: {odd: [x]}}, event: {Type: AuditLogs, Result: x}, want: {severity: critical}}
`

const tuningOfPack = `apiVersion: riskrelay/v1
kind: Tuning
metadata: {name: mine}
for: {pack: acme}
rules:
  - id: acme.any
    set: {severity: low}
    exceptions: {who: [{values: [ann], reason: r, expires: never}]}
    tests:
      - {name: ann may, event: {Type: AuditLogs, OperationName: c, Identity: ann}, want: none}
      - {name: b is noise, event: {Type: AuditLogs, OperationName: b, Identity: eve}, want: none}
      - {name: lower, event: {Type: AuditLogs, OperationName: c, Identity: eve}, want: {severity: low}}
      - {name: odd by the context file, event: {Type: AuditLogs, OperationName: c, Result: "y"}, want: {severity: critical}}
lists: [{name: noise, add: [b]}]
`

// TestTuned runs the author's tests on the rule as it was written, and the operator's on the tuned one. The context file
// is for tests without a context of their own.
func TestTuned(t *testing.T) {
	files := []enrich.File{
		{Name: "acme.yaml", Data: []byte(packToTune)},
		{Name: "mine.yaml", Data: []byte(tuningOfPack)},
		{Name: "context.yaml", Data: []byte("lists: {odd: {file: odd.txt}}")},
		{Name: "odd.txt", Data: []byte("y\n")},
	}
	for name, c := range map[string]struct {
		options ruletest.Options
		want    []string
	}{
		"all": {
			ruletest.Options{Files: files, Context: "context.yaml"},
			[]string{"acme.yaml fires", "acme.yaml is silent", "acme.yaml of its own context", "mine.yaml ann may", "mine.yaml b is noise", "mine.yaml lower", "mine.yaml odd by the context file"},
		},
		"the tuning alone": {
			ruletest.Options{Files: files, Context: "context.yaml", Ground: func(file string) bool { return file == "acme.yaml" }},
			[]string{"mine.yaml ann may", "mine.yaml b is noise", "mine.yaml lower", "mine.yaml odd by the context file"},
		},
		"no context": {
			ruletest.Options{Files: files[:2], Only: func(_, test string) bool { return !strings.HasPrefix(test, "odd by") }},
			[]string{"acme.yaml fires", "acme.yaml is silent", "acme.yaml of its own context", "mine.yaml ann may", "mine.yaml b is noise", "mine.yaml lower"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.New = func() enrich.Module { return celrule.New() }
			report, err := ruletest.Run(t.Context(), c.options)
			if err != nil || len(report.Problems) > 0 {
				t.Fatal(err, report.Problems)
			}
			var got []string
			for _, r := range report.Results {
				got = append(got, r.Pos.File+" "+r.Test)
				if !r.Passed {
					t.Errorf("%s: %v", r.Test, r.Failures)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("tests (-want +got):\n%s", d)
			}
		})
	}
}
