package rules_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

// TestReadme holds that the table of rules in README.md is what the rules say.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has lost the marks around its table of rules")
	}
	want := before + begin + table(t) + end + after
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("the table of rules in README.md is out of date; run go generate ./rules")
	}
}

// table is the table of all rules, in the order of the guide.
func table(t *testing.T) string {
	t.Helper()
	module := celrule.New()
	if err := module.Configure(t.Context(), enrich.Config{Files: files(t)}); err != nil {
		t.Fatal(err)
	}
	about, err := module.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(about.Rules, func(a, b enrich.RuleInfo) int { return strings.Compare(a.ID, b.ID) })
	var b strings.Builder
	b.WriteString("| Row of the guide | Rule | Severity | Tables | Needs |\n|-|-|-|-|-|\n")
	for _, g := range guide(t) {
		for _, r := range about.Rules {
			if slices.Contains(r.Guide, g.slug) {
				needs := strings.TrimPrefix(r.Off, "needs context ")
				fmt.Fprintf(&b, "| %s | `%s` %s | %s | %s | %s |\n", g.slug, r.ID, r.Title, r.Severity, strings.Join(r.Tables, ", "), needs)
			}
		}
	}
	return b.String()
}
