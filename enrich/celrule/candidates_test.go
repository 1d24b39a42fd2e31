package celrule

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// fitting holds that a row that rules match is among their candidates, and returns for how many rules something could be
// told. Rows with escapes or with letters outside of ASCII are left out: candidates don't promise to find them.
func fitting(t *testing.T, s *ruleSet, e *enrich.Event, tags []enrich.Tag) (told int) {
	t.Helper()
	row := string(e.AppendFields(nil))
	if strings.Contains(row, `\`) || !event.IsASCII([]byte(row)) {
		return 0
	}
	for _, tag := range tags {
		filter, all := s.candidates(e.Table, []string{tag.Rule})
		if tag.Error != "" || len(all) > 0 {
			continue
		}
		told++
		if !fits(filter, e) {
			t.Fatalf("%s isn't a candidate of %s: %v", row, tag.Rule, filter)
		}
	}
	return told
}

// textOf is a cell as text, "" for none and for null.
func textOf(cell []byte) string {
	if text, err := enrich.Unquote(cell); err == nil {
		return string(text)
	}
	return strings.TrimPrefix(string(cell), "null")
}

func fits(filter enrich.Filter, e *enrich.Event) bool {
	fact := func(f enrich.Fact) bool {
		text := textOf(e.Lookup(f.Column))
		if len(f.Has) == 0 {
			return text == f.Equals
		}
		return !slices.ContainsFunc(f.Has, func(s string) bool { return !strings.Contains(strings.ToLower(text), strings.ToLower(s)) })
	}
	return slices.ContainsFunc(filter, func(n enrich.Need) bool {
		return !slices.ContainsFunc(n, func(facts []enrich.Fact) bool { return !slices.ContainsFunc(facts, fact) })
	})
}

func TestCandidates(t *testing.T) {
	for _, test := range []struct {
		table, when string
		want        enrich.Need // nil when nothing can be told
	}{
		{"AuditLogs", `event.operation == "update application - certificates and secrets management"`, enrich.Need{{{Column: "OperationName", Has: []string{"update", "application", "certificates", "and", "secrets", "management"}}}}},
		{"AuditLogs", `event.Category == "a" && event.success`, enrich.Need{{{Column: "Category", Equals: "a"}}}},
		{"AuditLogs", `event.Category.startsWith("ab") || event.Category.lower() == "c"`, enrich.Need{{{Column: "Category", Has: []string{"ab"}}, {Column: "Category", Has: []string{"c"}}}}},
		{"AuditLogs", `event.change("AppAddress").present && event.operation.endsWith("application")`, enrich.Need{
			{{Column: "TargetResources", Has: []string{"appaddress"}}}, {{Column: "OperationName", Has: []string{"application"}}},
		}},
		{"AuditLogs", `event.success`, nil},
		{"AuditLogs", `event.DurationMs == 7`, nil},
		{"AuditLogs", `event.column("Mine_s") == "x"`, nil},
		{"AuditLogs", `event.operation.matches("owner")`, nil},
		{"AuditLogs", `event.operation == "-"`, nil},
		{"AzureActivity", `event.operation == "x/write"`, enrich.Need{{{Column: "OperationNameValue", Has: []string{"x/write"}}, {Column: "OperationName", Has: []string{"x/write"}}}}},
		{"AzureDiagnostics", `event.identity_claim_oid_g == "x"`, nil},
		{"AzureDiagnostics", `event.ResultSignature == "Forbidden"`, enrich.Need{{{Column: "ResultSignature", Equals: "Forbidden"}}}},
	} {
		s := compiled(t, "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n  - {id: r.r, title: t, tables: ["+test.table+"], severity: low, when: '"+test.when+"'}\n")
		filter, all := s.candidates(test.table, []string{"r.r", "r.gone"})
		if len(all) == 1 != (test.want == nil) || len(filter) != 1 {
			t.Errorf("%s: rules that need all rows: %v, filter %v", test.when, all, filter)
			continue
		}
		if diff := cmp.Diff(test.want, filter[0]); test.want != nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.when, diff)
		}
	}
}
