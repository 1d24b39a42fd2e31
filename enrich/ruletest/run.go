package ruletest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// The codes of problems that a run adds to those of the files.
const (
	CodeUntested = "R108" // warning: a rule without a firing or without a silent test
	CodeModule   = "R109" // the module gave a reason of its own for refusing the files
	CodeRows     = "R115" // a file of rows that can't be read
	CodeColumn   = "R305" // warning: a row of a test has a column that nearly is one of its table
)

// Options say what to run.
type Options struct {
	// Files are all rule and tuning files of the set.
	Files []enrich.File
	// Ground, if not nil, tells the files that others build on: their tests don't run.
	Ground func(file string) bool
	// Context, if not "", is the file, among Files, with the context of tests that don't have one of their own.
	Context string
	// Unread says of files that lists name why they are not among Files; see rulefile.Settings.
	Unread map[string]string
	// New returns a module to run tests on. It is called once for each pair of context and clock: often, with the same files, so that
	// it pays when modules share what they made of these. Without it no test runs, and nobody looks at the expressions: the report is
	// about the files.
	New func() enrich.Module
	// Open returns the content of a file of rows; its name is the path in the test joined to the folder of the rule
	// file. Without it such tests fail.
	Open func(name string) ([]byte, error)
	// Guide, if not nil, are the rows of the guide that rules may name; others are warnings.
	Guide []string
	// Techniques, if not nil, are the ATT&CK ids that rules may name; others are warnings.
	Techniques []string
	// Only, if not nil, picks tests by rule id and name.
	Only func(rule, test string) bool
}

// Run runs the tests of all rules. The error says that ctx ended; everything else, problems of files and modules
// included, is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &runner{options: o, report: &Report{}}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	return r.report, nil
}

// all reads the files and runs their tests.
func (r *runner) all(ctx context.Context) error {
	cases := r.collect()
	if r.options.New == nil {
		r.report.Problems.Sort()
		return nil
	}
	r.compile(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("compile the rules: %w", err)
	}
	if !r.report.Problems.HasErrors() {
		for _, group := range r.grouped(cases) {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("run rule tests: %w", err)
			}
			r.run(ctx, group)
		}
		if err := ctx.Err(); err != nil { // what was interrupted looks as if it had failed
			return fmt.Errorf("run rule tests: %w", err)
		}
	}
	for _, c := range cases {
		r.report.add(c.result)
	}
	r.report.Problems.Sort()
	return nil
}

func (r *Report) add(t Result) {
	if r.Problems.HasErrors() {
		return // nothing ran
	}
	if t.Passed = len(t.Failures) == 0; t.Passed {
		r.Passed++
		t.Got = nil
	} else {
		r.Failed++
	}
	r.Results = append(r.Results, t)
}

// runner runs tests and fills a report.
type runner struct {
	options Options
	report  *Report
	covered *Coverage       // nil when nobody wants to know
	tunings map[string]bool // the names of the tuning files
}

// testCase is a test on its way through a run.
type testCase struct {
	test   rulefile.Test
	tables []string
	alone  bool // the rule remembers what it saw, which must not be another test's
	tuned  bool // the test is a tuning file's
	events []enrich.Event
	result Result
}

func (c *testCase) fail(format string, args ...any) {
	c.result.Failures = append(c.result.Failures, fmt.Sprintf(format, args...))
}

// compile asks a module for what is wrong with the expressions, once and before any test, so that it isn't said with
// each.
func (r *runner) compile(ctx context.Context) {
	err := r.options.New().Configure(ctx, r.whole())
	var problems diag.Problems
	switch {
	case err == nil:
	case errors.As(err, &problems):
		r.report.Problems = withoutRepeats(append(r.report.Problems, problems...))
	default:
		r.report.Problems = append(r.report.Problems, diag.Problem{
			Severity: diag.Error, Code: CodeModule, Message: fmt.Sprintf("the module refused the files: %v", err),
		})
	}
}

func withoutRepeats(all diag.Problems) (distinct diag.Problems) {
	seen := map[diag.Problem]bool{}
	for _, p := range all {
		if !seen[p] {
			distinct = append(distinct, p)
		}
		seen[p] = true
	}
	return distinct
}

// collect reads the files and returns their tests.
func (r *runner) collect() (cases []*testCase) {
	set, problems := rulefile.Load(r.whole())
	r.report.Problems = append(r.report.Problems, problems...)
	if r.options.Guide != nil {
		r.report.Problems = append(r.report.Problems, rulefile.CheckGuide(set.Packs, r.options.Guide)...)
	}
	if r.options.Techniques != nil {
		r.report.Problems = append(r.report.Problems, rulefile.CheckTechniques(set.Packs, r.options.Techniques)...)
	}
	r.tunings = map[string]bool{}
	for _, t := range set.Tunings {
		r.tunings[t.File] = true
	}
	for _, p := range set.Packs {
		for _, rule := range p.Rules {
			if !r.ground(p.File) {
				r.report.Rules++
				cases = append(cases, r.ofRule(rule)...)
			}
			cases = append(cases, r.ofTuning(rule)...)
		}
	}
	return cases
}

func (r *runner) ground(file string) bool { return r.options.Ground != nil && r.options.Ground(file) }

// ofRule are the tests that the author of the rule wrote.
func (r *runner) ofRule(rule rulefile.Rule) (cases []*testCase) {
	if r.covered != nil {
		r.covered.declare(rule)
	}
	if rule.Status.Value == "deprecated" {
		return nil // it doesn't run
	}
	firing, silent := false, false
	for _, t := range rule.Tests {
		firing, silent = firing || !t.Want.None, silent || t.Want.None
		cases = r.add(cases, rule, t, false)
	}
	if !firing || !silent {
		r.report.Problems = append(r.report.Problems, untested(rule, firing, silent))
	}
	return cases
}

// ofTuning are the tests of the rule in tuning files.
func (r *runner) ofTuning(rule rulefile.Rule) (cases []*testCase) {
	for _, t := range rule.Tuned.Tests {
		if !r.ground(t.Name.Pos.File) {
			cases = r.add(cases, rule, t, true)
		}
	}
	return cases
}

// add adds a test, unless it shall not run.
func (r *runner) add(cases []*testCase, rule rulefile.Rule, t rulefile.Test, tuned bool) []*testCase {
	r.report.Problems = append(r.report.Problems, misspeltColumns(t)...)
	if r.options.New == nil && r.options.Open != nil && t.File.Present() { // a test that runs fails by itself
		if err := r.rowsAreThere(t); err != nil {
			r.report.Problems = append(r.report.Problems, t.File.Problem(CodeRows, 0, 0, err.Error()))
		}
	}
	if r.options.Only != nil && !r.options.Only(rule.ID.Value, t.Name.Value) {
		return cases
	}
	c := &testCase{test: t, tables: values(rule.Tables), alone: rule.FirstSeen != nil && !t.Want.None, tuned: tuned}
	c.result = Result{Rule: rule.ID.Value, Test: t.Name.Value, Pos: t.Name.Pos, Firing: !t.Want.None}
	return append(cases, c)
}

// rowsAreThere is why the file of a test's rows can't be read, nil when it can.
func (r *runner) rowsAreThere(t rulefile.Test) error {
	name := path.Join(path.Dir(t.File.Pos.File), t.File.Value)
	if _, err := r.options.Open(name); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func untested(rule rulefile.Rule, firing, silent bool) diag.Problem {
	missing := "firing and no silent test"
	switch {
	case firing:
		missing = "silent test (want: none)"
	case silent:
		missing = "firing test"
	}
	p := rule.ID.Problem(CodeUntested, 0, 0, fmt.Sprintf("the rule `%s` has no %s", rule.ID.Value, missing))
	p.Severity = diag.Warning
	return p
}

// grouped puts tests with the same settings together: first those that see the files of rules alone, so that what modules
// make of these lasts, then those with a context of their own, then those of tuning files; each in the order of their
// first tests. A test in which a rule matches and remembers is alone; one in which it stays silent neither asks its memory nor
// fills it.
func (r *runner) grouped(cases []*testCase) (groups [][]*testCase) {
	place := map[string]int{}
	for n, c := range cases {
		key := fmt.Sprintf("%t %s", c.tuned, r.settings(c.test))
		if c.alone {
			key = fmt.Sprintf("alone %d", n)
		}
		i, known := place[key]
		if !known {
			i = len(groups)
			place[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	slices.SortStableFunc(groups, func(a, b []*testCase) int { return cmp.Compare(a[0].sees(), b[0].sees()) })
	return groups
}

// sees ranks tests by the files that they see; see runner.config.
func (c *testCase) sees() int {
	switch {
	case c.tuned:
		return 2
	case c.test.Context.JSON != nil:
		return 1
	}
	return 0
}

// run runs tests that have their settings in common.
func (r *runner) run(ctx context.Context, group []*testCase) {
	failAll := func(err error) {
		for _, c := range group {
			c.fail("%v", err)
		}
	}
	module := r.options.New()
	if err := module.Configure(ctx, r.config(group)); err != nil {
		failAll(fmt.Errorf("configure the module: %w", err))
		return
	}
	about, err := module.Describe(ctx)
	if err != nil {
		failAll(fmt.Errorf("describe the module: %w", err))
		return
	}
	infos := map[string]enrich.RuleInfo{}
	for _, info := range about.Rules {
		infos[info.ID] = info
	}
	var events []enrich.Event
	for _, c := range group {
		r.load(c, infos)
		events = append(events, c.events...)
	}
	tags, err := module.Tag(ctx, events)
	if err == nil && len(tags) != len(events) {
		err = fmt.Errorf("got answers for %d rows of %d", len(tags), len(events))
	}
	if err != nil {
		failAll(fmt.Errorf("tag the rows: %w", err))
		return
	}
	for _, c := range group {
		if len(c.result.Failures) == 0 {
			c.result.Failures, c.result.Got = judge(c.result.Rule, c.test.Want, tags[:len(c.events)])
			r.explain(ctx, module, c)
		}
		tags = tags[len(c.events):]
	}
}

// explain has the module explain a test that failed, and every test when coverage is measured.
func (r *runner) explain(ctx context.Context, module enrich.Module, c *testCase) {
	if len(c.result.Failures) > 0 {
		c.result.Why = explain(ctx, module, c)
	}
	x, ok := module.(enrich.Explainer)
	if r.covered == nil || !ok {
		return
	}
	for i := range c.events {
		if e, err := x.Explain(ctx, &c.events[i], c.result.Rule); err == nil {
			r.covered.note(&e)
		}
	}
}

// load makes the events of a test, and fails it when it can't prove anything. Infos are what the module says of its rules,
// by their ids.
func (r *runner) load(c *testCase, infos map[string]enrich.RuleInfo) {
	switch info, known := infos[c.result.Rule]; {
	case !known:
		c.fail("the module has no such rule")
	case info.Off != "":
		c.fail("the rule is off: %s", info.Off)
	}
	var err error
	if c.events, err = r.events(c); err != nil {
		c.fail("%v", err)
	}
	for n, e := range c.events {
		if !e.Concerns(enrich.Selector{Tables: c.tables}) {
			c.fail("row %d is of table %q, the rule is about %s", n+1, e.Table, strings.Join(c.tables, ", "))
		}
	}
}
