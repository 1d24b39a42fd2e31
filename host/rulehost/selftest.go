package rulehost

import (
	"context"
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// SelftestError says that rules fail the tests that they carry.
type SelftestError struct {
	Failed int // tests that failed
	Tests  int // tests that ran
	Text   string
}

// Error names the tests that failed, with their reasons.
func (e *SelftestError) Error() string {
	return fmt.Sprintf("%d of %d tests inside the rule files fail (rules.selftest: false would use the rules anyway):\n%s",
		e.Failed, e.Tests, e.Text)
}

// Selftest runs the tests of all packs in set, which was loaded with the options from, as a host does before it uses them.
// The error is a *SelftestError, or that ctx ended.
func Selftest(ctx context.Context, set enrich.Config, from ruleset.Options) error {
	return selftest(ctx, set, from, func(enrich.File) bool { return true })
}

// selftest runs the tests of the packs of which a file changed, on a module of its own. The tests are the author's, so
// they see the rules as the author wrote them: without the operator's tuning and context. Tests in tuning files run
// whatever changed, on the whole set: what they are about lies in other files. It says nothing about files that don't
// load: the module that shall use them does.
func selftest(ctx context.Context, set enrich.Config, from ruleset.Options, changed func(enrich.File) bool) error {
	loaded, problems := rulefile.Load(set)
	if problems.HasErrors() {
		return nil
	}
	shared := celrule.New()
	options := ruletest.Options{New: func() enrich.Module { return shared.Fresh() }, Open: from.Open}
	var all SelftestError
	if rules := rulesOf(loaded.Packs, set.Files, changed); len(rules) > 0 {
		authors := options
		authors.Files = packFiles(loaded.Packs, set.Files)
		authors.Only = func(rule, _ string) bool { return rules[rule] }
		if err := all.run(ctx, authors); err != nil {
			return err
		}
	}
	if tuned := withTests(loaded.Tunings); len(tuned) > 0 {
		operators := options
		operators.Files = set.Files
		operators.Ground = func(file string) bool { return !tuned[file] }
		if err := all.run(ctx, operators); err != nil {
			return err
		}
	}
	if all.Failed == 0 {
		return nil
	}
	return &all
}

// run runs tests and adds those that fail.
func (e *SelftestError) run(ctx context.Context, o ruletest.Options) error {
	report, err := ruletest.Run(ctx, o)
	if err != nil || report.Problems.HasErrors() {
		return err
	}
	e.Tests += len(report.Results)
	if report.Failed == 0 {
		return nil
	}
	report.Problems = nil // warnings, which keep nothing from being used
	var text strings.Builder
	if err := report.WriteText(&text, false); err != nil {
		return err
	}
	e.Failed += report.Failed
	e.Text = strings.TrimSpace(e.Text + "\n" + strings.TrimSpace(text.String()))
	return nil
}

// withTests are the names of the tuning files that carry tests.
func withTests(tunings []*rulefile.Tuning) map[string]bool {
	files := map[string]bool{}
	for _, t := range tunings {
		for _, r := range t.Rules {
			if len(r.Tests) > 0 {
				files[t.File] = true
			}
		}
	}
	return files
}

// rulesOf are the ids of the rules with tests in the packs that have a changed file: lists and macros in one file of a
// pack decide about rules in another. The embedded packs were tested before they were embedded.
func rulesOf(packs []*rulefile.Pack, files []enrich.File, changed func(enrich.File) bool) map[string]bool {
	touched := map[string]bool{} // files, and those that name them
	for _, f := range files {
		touched[f.Name] = changed(f)
	}
	for _, f := range files {
		for _, name := range rulefile.References(f.Name, f.Data) {
			touched[f.Name] = touched[f.Name] || touched[name]
		}
	}
	names := map[string]bool{}
	for _, p := range packs {
		names[p.Name.Value] = names[p.Name.Value] || touched[p.File]
	}
	out := map[string]bool{}
	for _, p := range packs {
		for _, r := range p.Rules {
			if names[p.Name.Value] && len(r.Tests) > 0 && !strings.HasPrefix(p.File, "builtin/") {
				out[r.ID.Value] = true
			}
		}
	}
	return out
}

// packFiles are the files of the packs and those that their lists are read from.
func packFiles(packs []*rulefile.Pack, files []enrich.File) (out []enrich.File) {
	wanted := map[string]bool{}
	for _, p := range packs {
		wanted[p.File] = true
	}
	for _, f := range files {
		if wanted[f.Name] {
			for _, name := range rulefile.References(f.Name, f.Data) {
				wanted[name] = true
			}
		}
	}
	for _, f := range files {
		if wanted[f.Name] {
			out = append(out, f)
		}
	}
	return out
}
