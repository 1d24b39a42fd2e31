package host

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

// Selftest runs the tests of all packs in set, as a host does before it uses them. The error is a *SelftestError, or that
// ctx ended.
func Selftest(ctx context.Context, set enrich.Config) error {
	return selftest(ctx, set, func(enrich.File) bool { return true })
}

// selftest runs the tests of the packs of which a file changed, on a module of its own. The tests are the author's, so
// they see the rules as the author wrote them: without the operator's tuning and context. It says nothing about files that
// don't load: the module that shall use them does.
func selftest(ctx context.Context, set enrich.Config, changed func(enrich.File) bool) error {
	loaded, problems := rulefile.Load(set)
	if problems.HasErrors() {
		return nil
	}
	rules := rulesOf(loaded.Packs, set.Files, changed)
	if len(rules) == 0 {
		return nil
	}
	files := packFiles(loaded.Packs, set.Files)
	report, err := ruletest.Run(ctx, ruletest.Options{
		Files: files, New: func() enrich.Module { return celrule.New() }, Open: ruleset.Open,
		Only: func(rule, _ string) bool { return rules[rule] },
	})
	if err != nil {
		return err
	}
	if report.Failed == 0 || report.Problems.HasErrors() {
		return nil
	}
	report.Problems = nil // warnings, which keep nothing from being used
	var text strings.Builder
	if err := report.WriteText(&text, false); err != nil {
		return err
	}
	return &SelftestError{Failed: report.Failed, Tests: len(report.Results), Text: strings.TrimSpace(text.String())}
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
