package rules_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/rules"
)

var update = flag.Bool("update", false, "write the tables in README.md anew")

// TestReadme holds that the tables in README.md are what the rules, their tests and compare.csv say.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(data)
	for mark, table := range map[string]string{"guide": guideTable(t), "rules": ruleTable(t), "compare": compareTable(t)} {
		want = between(t, want, mark, table)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != want {
		t.Error("the tables in README.md are out of date; run go generate ./rules")
	}
}

// between replaces what stands between the two comments that name the mark.
func between(t *testing.T, text, mark, table string) string {
	t.Helper()
	begin, end := "<!-- "+mark+": begin -->\n", "<!-- "+mark+": end -->\n"
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has lost the comments around its table of %s", mark)
	}
	return before + begin + table + end + after
}

// coverage runs the tests of all rules and counts them for the rows of the guide.
func coverage(t *testing.T) *ruletest.Coverage {
	t.Helper()
	var slugs []string
	for _, g := range guide(t) {
		slugs = append(slugs, g.Slug)
	}
	shared := celrule.New()
	covered, report, err := ruletest.Cover(t.Context(), ruletest.Options{
		Files: files(t),
		New:   func() enrich.Module { return shared.Fresh() },
		Open:  func(name string) ([]byte, error) { return fs.ReadFile(rules.FS, name) },
	}, slugs)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatal("tests of rules fail, see TestInline")
	}
	return covered
}

// guideTable has a line for each row of the guide and each of its notes: what implements it, and the tests that prove it.
func guideTable(t *testing.T) string {
	t.Helper()
	covered, rows := coverage(t), guide(t)
	var b strings.Builder
	b.WriteString("| Row of the guide, and its notes | Rules | Firing | Silent | Needs |\n|-|-|-|-|-|\n")
	for i, g := range covered.Guide {
		if i >= len(rows) {
			t.Errorf("guide.csv has no row %s", g.Row)
			continue
		}
		name := fmt.Sprintf("**%s** %s (%s)", rows[i].Slug, cell(rows[i].Title), rows[i].Risk)
		if rows[i].Note() {
			_, note, _ := strings.Cut(rows[i].Slug, "/")
			name = fmt.Sprintf("· *%s* %s", note, cell(rows[i].Title))
		}
		ids := slices.Clone(g.Rules)
		for j := range ids {
			ids[j] = "`" + ids[j] + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s |\n", name, strings.Join(ids, ", "), g.Firing, g.Silent, needs(g.Off...))
	}
	return b.String()
}

// ruleTable is the table of all rules by id.
func ruleTable(t *testing.T) string {
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
	b.WriteString("| Rule | Title | Severity | Tables | Needs |\n|-|-|-|-|-|\n")
	for _, r := range about.Rules {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.ID, cell(r.Title), r.Severity, strings.Join(r.Tables, ", "), needs(r.Off))
	}
	return b.String()
}

// needs lists the parts of the context that a rule is off without.
func needs(off ...string) string {
	return strings.ReplaceAll(strings.Join(off, ", "), "needs context ", "")
}

// comparison is a line of compare.csv: what a public rule for a row of the guide doesn't see.
type comparison struct{ row, rule, gap string }

func comparisons(t *testing.T) (all []comparison) {
	t.Helper()
	data, err := os.ReadFile("applications/compare.csv")
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatalf("compare.csv: %v", err)
	}
	if len(records) == 0 || !slices.Equal(records[0], []string{"row", "rule", "gap"}) {
		t.Fatal("compare.csv doesn't begin with row,rule,gap")
	}
	for _, r := range records[1:] {
		all = append(all, comparison{r[0], r[1], r[2]})
	}
	return all
}

// compareTable is compare.csv in the order of the guide.
func compareTable(t *testing.T) string {
	t.Helper()
	all := comparisons(t)
	var b strings.Builder
	b.WriteString("| Row of the guide | Public rule | What it misses |\n|-|-|-|\n")
	for _, g := range guide(t) {
		for _, c := range all {
			if c.row == g.Slug {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", c.row, cell(c.rule), cell(c.gap))
			}
		}
	}
	return b.String()
}

// cell is text for a cell of a table in Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "\n", " ").Replace(text)
}

// TestComparisonsAreWhole holds that each line of compare.csv is about a row of the guide and says something, once.
func TestComparisonsAreWhole(t *testing.T) {
	rows, seen := guide(t), map[comparison]bool{}
	for i, c := range comparisons(t) {
		if !slices.ContainsFunc(rows, func(g rules.Row) bool { return g.Slug == c.row }) {
			t.Errorf("compare.csv, record %d: the guide has no row %s", i+2, c.row)
		}
		if c.rule == "" || c.gap == "" {
			t.Errorf("compare.csv, record %d: the rule or what it misses is empty", i+2)
		}
		if seen[c] {
			t.Errorf("compare.csv, record %d: is there twice", i+2)
		}
		seen[c] = true
	}
}
