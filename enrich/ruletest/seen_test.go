package ruletest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// recorder is the CEL module, which notes what it is configured with.
type recorder struct {
	*celrule.Module
	seen *[]string
}

func (r recorder) Configure(ctx context.Context, c enrich.Config) error {
	var names []string
	for _, f := range c.Files {
		names = append(names, f.Name)
	}
	*r.seen = append(*r.seen, strings.Join(names, " "))
	return r.Module.Configure(ctx, c)
}

// TestWhatTestsSee configures modules for tests with all files but those of tuning, which their own tests see, and with the same
// files in turn, so that what is made of them lasts.
func TestWhatTestsSee(t *testing.T) {
	const head = "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n"
	rule := func(id, context string) string {
		row := `{Type: AuditLogs, OperationName: a}`
		return `  - {id: ` + id + `, title: t, tables: [AuditLogs], when: event.OperationName in lists.names, severity: high, tests: [` +
			`{name: fires, ` + context + `event: ` + row + `, want: {severity: high}}, {name: silent, event: {Type: AuditLogs}, want: none}]}` + "\n"
	}
	var seen []string
	report, err := ruletest.Run(t.Context(), ruletest.Options{
		Files: []enrich.File{
			{Name: "a.yaml", Data: []byte(head + "rules:\n" + rule("my.a", ""))},
			{Name: "b.yaml", Data: []byte(head + "rules:\n" + rule("my.b", "context: {verified_domains: [contoso.example]}, "))},
			{Name: "lists.yaml", Data: []byte(head + "lists: [{name: names, items: [a]}]\n")},
			{Name: "mixed.yaml", Data: []byte(head + "macros: [{name: m, expr: \"true\"}]\nrules:\n" + rule("my.c", ""))},
			{Name: "tuning.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: mine}\nfor: {pack: x}\nrules:\n" +
				"  - {id: my.b, set: {severity: low}, tests: [{name: lower, event: {Type: AuditLogs, OperationName: a}, want: {severity: low}}]}\n")},
		},
		New: func() enrich.Module { return recorder{celrule.New(), &seen} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() || report.Passed != 7 {
		t.Errorf("%d tests passed of 7: %v", report.Passed, report.Problems)
	}
	want := []string{
		"a.yaml b.yaml lists.yaml mixed.yaml tuning.yaml", // all files at once, for problems
		"a.yaml b.yaml lists.yaml mixed.yaml",             // tests without a context
		"a.yaml b.yaml lists.yaml mixed.yaml",             // the test with a context
		"a.yaml b.yaml lists.yaml mixed.yaml tuning.yaml", // the test of the tuning file
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("configured with (-want +got):\n%s", diff)
	}
}
