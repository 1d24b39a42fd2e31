package ruletest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// TestMisspeltNames holds that a test's column that nearly is one of its table is a warning at its place, or at the file
// that the row stands in, and that other columns of a workspace's own are none; likewise rows of the guide.
func TestMisspeltNames(t *testing.T) {
	const pack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: p, version: 1.0.0}
rules:
  - id: my.rule
    title: t
    tables: [AuditLogs, AzureDiagnostics]
    guide: [credential-added, credentials-added]
    when: event.success
    severity: high
    tests:
      - name: fires
        event: {Type: AuditLogs, OperationNmae: match, OperationName: match, Mine_s: x}
        want: {}
      - name: in capitals
        event: {Type: AuditLogs, RESULT: success}
        want: none
      - name: of another type
        event: {Type: AzureDiagnostics, httpStatusCode_s: "403", resultSignatur: x}
        want: none
      - name: of a file
        file: rows.json
        want: none
      - name: of a custom table
        event: {Type: Mine_CL, OperationNam: x}
        want: none
`
	report, err := ruletest.Run(context.Background(), ruletest.Options{
		Files: []enrich.File{{Name: "x.yaml", Data: []byte(pack)}}, New: func() enrich.Module { return &fake{} },
		Open: func(string) ([]byte, error) {
			return []byte(`{"Type":"AuditLogs"} {"Type":"AuditLogs","Ressult":"x"}`), nil
		},
		Guide: []string{"credentials-added", "owner-changed"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range report.Problems {
		got = append(got, fmt.Sprintf("%d:%d %s %s %s: %s", p.Pos.Line, p.Pos.Column, p.Severity, p.Code, p.Message, p.Suggestion))
	}
	want := []string{
		"8:13 warning R304 the guide has no row `credential-added`: did you mean `credentials-added`?",
		"13:34 warning R305 AuditLogs has no column `OperationNmae`: did you mean `OperationName`?",
		"16:34 warning R305 AuditLogs has no column `RESULT`: did you mean `Result`?",
		"19:66 warning R305 AzureDiagnostics has no column `resultSignatur`: did you mean `ResultSignature`?",
		"22:15 warning R305 row 2 of the file: AuditLogs has no column `Ressult`: did you mean `Result`?",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
