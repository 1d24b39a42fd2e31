package celrule

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// TestFewSuggestions holds that wrong names in expressions are compared with all macros and all lists for the first few only:
// what that costs would grow with the square of the set.
func TestFewSuggestions(t *testing.T) {
	const few = 20
	for wrong, near := range map[string]string{"macros.knowm(event.Identity)": "known", `event.Identity in lists.listd`: "listed"} {
		text := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\n" +
			"lists: [{name: listed, items: [x]}]\nmacros: [{name: known, params: [{name: x, type: string}], expr: 'x == \"m\"'}]\nrules:\n"
		for n := range 2 * few {
			text += fmt.Sprintf("- {id: my.rule%d, title: t, tables: [AuditLogs], when: '%s', severity: low}\n", n, wrong)
		}
		err := New().Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(text)}}})
		var problems diag.Problems
		if !errors.As(err, &problems) {
			t.Fatal(err)
		}
		suggested := 0
		for _, p := range problems {
			if strings.Contains(p.Suggestion, near) {
				suggested++
			}
		}
		if len(problems) != 2*few || suggested != few {
			t.Errorf("%s: %d problems, %d with a suggestion", wrong, len(problems), suggested)
		}
	}
}
