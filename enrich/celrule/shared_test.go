package celrule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// TestSharedTrees writes one rule with other texts again and again, and compares what each copy says of an event, and how it explains that,
// with what the same rule says that is alone in its set, and so has a syntax tree of its own.
func TestSharedTrees(t *testing.T) {
	const head = "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n" +
		"macros: [{name: named, params: [text], expr: event.Category == text || event.ResultReason == text}]\n" +
		"lists: [{name: names, doc: Names., items: [web, Zürich 東京]}]\nrules:\n"
	tests := map[string]string{
		"equality":           `event.OperationName == "%s"`,
		"either quotes":      `event.OperationName == '%s' && event.Category != ""`,
		"let":                `name == "%s" && event.Category == "%[1]s"`,
		"macro":              `macros.named("%s") || event.OperationName == "Add user"`,
		"loop":               `event.TargetResources.exists(t, t.displayName == "%s") && size(event.TargetResources) / 1 == 1`,
		"index":              `event.TargetResources[0]["%s"] == null`,
		"list":               `event.OperationName in ["%s", 'Add user'] || event.Category in lists.names`,
		"pattern":            `event.OperationName.matches("^%s$")`,
		"column":             `event.column("Own_s") == "%s"`,
		"raw":                `event.OperationName == r"%s"`,
		"three quotes":       `event.OperationName == """%s"""`,
		"escapes":            `event.OperationName == "%s" || event.OperationName == "a\"b"`,
		"comment":            "event.OperationName == \"%s\" // it isn't \"another\"\n&& event.Category != \"\"",
		"never, for one":     `event.actor.kind == "%s"`,
		"pattern, not valid": `event.OperationName.matches("%s(")`,
	}
	texts := []string{"a", "Zürich 東京", "Add user", "web", "displayName", "user", "longer than all the others: ä // y z"}
	rule := func(id int, when, text string) string {
		when = fmt.Sprintf(when, text)
		return fmt.Sprintf("  - id: x.r%d\n    title: T\n    tables: [AuditLogs]\n    let: {name: event.OperationName}\n    severity: low\n"+
			"    message: \"{event.OperationName} isn't {event.Category == '%s' ? 'b' : '%s'}\"\n    when: |\n      %s\n",
			id, strings.ReplaceAll(text, "'", ""), strings.ReplaceAll(text, "'", ""), strings.ReplaceAll(when, "\n", "\n      "))
	}
	for name, when := range tests {
		t.Run(name, func(t *testing.T) {
			compared := false
			for n, text := range texts {
				var together strings.Builder
				together.WriteString(head)
				for k, other := range texts {
					if k != n {
						together.WriteString(rule(k, when, other))
					}
				}
				together.WriteString(rule(n, when, text)) // at the end: the others have made the tree
				problems, said := says(t, together.String(), fmt.Sprintf("x.r%d", n), texts)
				wantProblems, want := says(t, head+rule(n, when, text), fmt.Sprintf("x.r%d", n), texts)
				if problems != wantProblems {
					t.Errorf("%q among others:\n%s\nalone:\n%s", text, problems, wantProblems)
				}
				if said != want && said != "" && want != "" { // "" when a rule keeps the set from loading
					t.Errorf("%q among others:\n%s\nalone:\n%s", text, said, want)
				}
				compared = compared || said != ""
			}
			if refused := strings.Contains(when, "("+"\"%s(") || strings.Contains(when, "actor.kind"); compared == refused {
				t.Errorf("compared: %v", compared)
			}
		})
	}
}

// says is what is wrong with a rule, without lines, and what it says of events that hold the texts: its tags and its explanations.
func says(t *testing.T, file, id string, texts []string) (problems, said string) {
	t.Helper()
	m := celrule.New()
	err := m.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "x.yaml", Data: []byte(file)}}})
	var all diag.Problems
	if err != nil && !errors.As(err, &all) {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range append(all, m.Warnings()...) {
		if strings.Contains(p.Path, id+" ") {
			problems += fmt.Sprintf("%s at column %d: %s %s\n", p.Code, p.Pos.Column, p.Message, p.Suggestion)
		}
	}
	if err != nil {
		return problems, ""
	}
	for _, text := range texts {
		e := event(t, fmt.Sprintf(`{"Type":"AuditLogs","OperationName":%q,"Category":%[1]q,"ResultReason":"web","Own_s":%[1]q,"TargetResources":[{"displayName":%[1]q}]}`, text))
		x, err := m.Explain(t.Context(), &e, id)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: %s %s %+v\n", text, x.Outcome, x.Reason, x.Tags)
		if x.When != nil {
			b.WriteString(outline(*x.When, "  "))
		}
	}
	return problems, b.String()
}
