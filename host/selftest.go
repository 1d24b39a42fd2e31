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

// selftest runs the tests of the packs of which a file changed, on a module of its own. It says nothing about files
// that don't load: the module that shall use them does. context is the name of the context file, which is left out, as
// each test has a context of its own.
func selftest(ctx context.Context, set enrich.Config, context string, changed func(enrich.File) bool) error {
	var files []enrich.File
	for _, f := range set.Files {
		if f.Name != context {
			files = append(files, f)
		}
	}
	rules := rulesOf(files, changed)
	if len(rules) == 0 {
		return nil
	}
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
// pack decide about rules in another.
func rulesOf(files []enrich.File, changed func(enrich.File) bool) map[string]bool {
	packs, touched := map[string][]string{}, map[string]bool{}
	for _, f := range files {
		if strings.HasPrefix(f.Name, "builtin/") {
			continue
		}
		pack, _ := rulefile.Parse(f.Name, f.Data)
		if pack == nil {
			continue
		}
		name := pack.Name.Value
		touched[name] = touched[name] || changed(f)
		for _, r := range pack.Rules {
			if len(r.Tests) > 0 {
				packs[name] = append(packs[name], r.ID.Value)
			}
		}
	}
	out := map[string]bool{}
	for name, ids := range packs {
		for _, id := range ids {
			if touched[name] {
				out[id] = true
			}
		}
	}
	return out
}
