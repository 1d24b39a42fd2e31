package celrule_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// TestExamples holds that each example compiles as the condition of a rule, and that every function has one.
func TestExamples(t *testing.T) {
	var all strings.Builder
	for i, e := range celrule.Examples() {
		text := fmt.Sprintf("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: example, version: 1.0.0}\nrules:\n"+
			"  - {id: example.one, title: Example, tables: [%s], severity: low, when: %q}\n", e.Table, e.Expression)
		config := enrich.Config{Files: []enrich.File{{Name: "example.yaml", Data: []byte(text)}}}
		if err := celrule.New().Configure(context.Background(), config); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
		if e.Says == "" {
			t.Errorf("example %d says nothing", i+1)
		}
		all.WriteString(e.Expression + "\n")
	}
	language, err := celrule.Language()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range language {
		if e.Doc == "" || !strings.Contains(e.Signature, e.Name+"(") {
			continue // CEL's own, and fields
		}
		if !regexp.MustCompile(`\b` + e.Name + `\(`).MatchString(all.String()) {
			t.Errorf("no example has %s", e.Signature)
		}
	}
}
