package rules_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/rules"
)

// files are all embedded rule files.
func files(t *testing.T) (all []enrich.File) {
	t.Helper()
	err := fs.WalkDir(rules.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		data, err := fs.ReadFile(rules.FS, name)
		all = append(all, enrich.File{Name: name, Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// packs are all embedded rule files, read.
func packs(t *testing.T) (all []*rulefile.Pack) {
	t.Helper()
	for _, f := range files(t) {
		pack, problems := rulefile.Parse(f.Name, f.Data)
		for _, p := range problems {
			t.Error(p)
		}
		if pack == nil {
			t.FailNow()
		}
		all = append(all, pack)
	}
	for _, p := range rulefile.Check(all) {
		t.Error(p)
	}
	return all
}

func guide(t *testing.T) []rules.Row {
	t.Helper()
	rows, err := rules.Guide(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestFilesAreGood(t *testing.T) {
	if len(packs(t)) == 0 {
		t.Fatal("no rule files")
	}
}

// TestGuideIsCovered holds that each row of the guide has a rule, of the row's risk, that fires in a test and stays
// silent in another.
func TestGuideIsCovered(t *testing.T) {
	rows := slices.DeleteFunc(guide(t), rules.Row.Note)
	if len(rows) != 18 {
		t.Errorf("the guide has 18 rows, guide.csv has %d", len(rows))
	}
	covered, risk := map[string]bool{}, map[string]bool{}
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			firing := slices.ContainsFunc(r.Tests, func(c rulefile.Test) bool { return !c.Want.None })
			silent := slices.ContainsFunc(r.Tests, func(c rulefile.Test) bool { return c.Want.None })
			if !firing || !silent {
				t.Errorf("%s: needs a firing and a silent test", r.ID.Pos)
			}
			for _, slug := range r.Guide {
				name, _, _ := strings.Cut(slug.Value, "/")
				i := slices.IndexFunc(rows, func(g rules.Row) bool { return g.Slug == name })
				if i < 0 {
					t.Errorf("%s: guide.csv has no row %s", slug.Pos, slug.Value)
					continue
				}
				covered[name] = true
				risk[name] = risk[name] || r.Severity.Value == rows[i].Risk
				if path.Dir(p.File) != path.Join(rows[i].Pack, rows[i].Section) {
					t.Errorf("%s: the row %s belongs into the folder %s/%s", slug.Pos, slug.Value, rows[i].Pack, rows[i].Section)
				}
			}
		}
	}
	for _, g := range rows {
		if !covered[g.Slug] {
			t.Errorf("no rule implements the row %s", g.Slug)
		} else if !risk[g.Slug] {
			t.Errorf("no rule of the row %s has its risk, %s", g.Slug, g.Risk)
		}
	}
}

// TestRulesAreExplained holds that a rule tells an analyst what it is and what to do.
func TestRulesAreExplained(t *testing.T) {
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			for what, present := range map[string]bool{
				"description": r.Description.Present(), "message": r.Message.Present(), "objects": len(r.Objects) > 0,
				"mitre": len(r.Mitre) > 0, "falsepositives": len(r.FalsePositives) > 0, "references": len(r.References) > 0,
				"numbered runbook": strings.HasPrefix(r.Runbook.Value, "1. "), "guide": len(r.Guide) > 0,
			} {
				if !present {
					t.Errorf("%s: the rule has no %s", r.ID.Pos, what)
				}
			}
		}
	}
}

// TestListsAreCommented holds that an item which is an id says in a comment what it stands for.
func TestListsAreCommented(t *testing.T) {
	for _, f := range files(t) {
		for n, line := range strings.Split(string(f.Data), "\n") {
			item, ok := strings.CutPrefix(line, "      - ")
			if ok && strings.HasPrefix(f.Name, "lists/") && strings.Count(item, "-") >= 4 && strings.Count(item[:min(36, len(item))], "-") == 4 && len(item) >= 36 && !strings.Contains(item, " # ") {
				t.Errorf("%s:%d: the id has no comment", f.Name, n+1)
			}
		}
	}
}

// TestInline runs the tests inside the rule files on the built-in module.
func TestInline(t *testing.T) {
	shared := celrule.New()
	report, err := ruletest.Run(t.Context(), ruletest.Options{
		Files: files(t),
		New:   func() enrich.Module { return shared.Fresh() },
		Open:  func(name string) ([]byte, error) { return fs.ReadFile(rules.FS, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() || len(report.Problems) > 0 {
		var text strings.Builder
		if err := report.WriteText(&text, false); err != nil {
			t.Fatal(err)
		}
		t.Error(text.String())
	}
}
