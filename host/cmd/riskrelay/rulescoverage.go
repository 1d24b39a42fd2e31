package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/rules"
)

func newRulesCoverage(s streams) *cobra.Command {
	var about subject
	var format string
	var least float64
	var verbose, byRow bool
	c := &cobra.Command{
		Use:   "coverage [PATH...]",
		Short: "Say which branches of conditions the tests inside rule files reach",
		Long: "coverage runs the tests that rules carry and says for every `when` and every `if` of an adjust step whether it was\n" +
			"true in a test and false in another. Below stand the rows of the guide with their rules and tests. Without a path\n" +
			"it looks at the built-in rules; files at paths may use these. Tests that fail are told as well, and are exit code 1.",
		RunE: func(c *cobra.Command, paths []string) error {
			if least < 0 || least > 100 {
				return exit(exitConfig, fmt.Errorf("--min: %g is no percentage", least))
			}
			options, err := about.tests(paths)
			if err != nil {
				return err
			}
			rows, err := expectedRows(paths)
			if err != nil {
				return err
			}
			covered, report, err := ruletest.Cover(c.Context(), options, rows)
			if err != nil {
				return exit(exitStopped, err)
			}
			report.Problems = about.Said(report.Problems)
			if !report.OK() {
				err = report.WriteText(s.err, false)
			}
			if err != nil || report.Problems.HasErrors() {
				return cmp.Or(exit(exitRuntime, err), about.verdict(report))
			}
			switch {
			case format == "json":
				err = covered.WriteJSON(s.out)
			case byRow:
				err = covered.WriteGuide(s.out)
			default:
				err = covered.WriteText(s.out, verbose)
			}
			if missing := covered.Unproved(); err == nil && byRow && len(missing) > 0 {
				return exit(exitFindings, fmt.Errorf("without a firing or without a silent test: %s", strings.Join(missing, ", ")))
			}
			if err == nil && covered.Percent < least {
				return exit(exitFindings, fmt.Errorf("%.1f %% of branches are covered, --min asks for %g", covered.Percent, least))
			}
			return cmp.Or(exit(exitRuntime, err), about.verdict(report))
		},
	}
	addFormat(c, &format)
	about.add(c)
	c.Flags().Float64Var(&least, "min", 0, "exit with 1 when less than this percentage of branches is covered")
	c.Flags().BoolVar(&byRow, "guide", false, "list the rows of the guide and their notes, and exit with 1 when one has no firing or no silent test")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "list operands of && and || that no test makes true, or false")
	return c
}

// expectedRows are the rows of the guide that the built-in rules implement, which are looked at without paths.
func expectedRows(paths []string) (rows []string, err error) {
	if len(paths) > 0 {
		return nil, nil
	}
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return nil, exit(exitRuntime, err)
	}
	for _, r := range guide {
		rows = append(rows, r.Slug)
	}
	return rows, nil
}
