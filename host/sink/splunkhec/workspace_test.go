package splunkhec

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestWorkspaceOfARow has rows from anywhere name their workspace: only what Azure writes is taken for one, as it becomes
// part of the source.
func TestWorkspaceOfARow(t *testing.T) {
	columns := enrich.NewColumns([]string{"TenantId"}, []enrich.Type{enrich.String})
	for id, want := range map[string]string{
		"11111111-2222-4333-8444-55555555ABCD":          "11111111-2222-4333-8444-55555555abcd",
		"{11111111-2222-4333-8444-555555555555}":        "unknown",
		"urn:uuid:11111111-2222-4333-8444-555555555555": "unknown",
		"11111111222243338444555555555555":              "unknown",
		"g1111111-2222-4333-8444-555555555555":          "unknown",
		"11111111-2222-4333-84445-55555555555":          "unknown",
		"":                                              "unknown",
	} {
		row, err := enrich.SplitArray(columns, append(enrich.AppendString([]byte("["), id), ']'))
		if err != nil {
			t.Fatal(err)
		}
		e := enrich.NewEvent("AuditLogs", row)
		if got := newEncoder(Defaults()).workspaceOf(&e); got != want {
			t.Errorf("%q is the workspace %q, want %q", id, got, want)
		}
	}
}
