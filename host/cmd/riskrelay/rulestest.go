package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// testOptions run the tests of files on the CEL module.
func testOptions(files []enrich.File) ruletest.Options {
	return ruletest.Options{Files: files, New: func() enrich.Module { return celrule.New() }, Open: ruleset.Open}
}

func newRulesTest(s streams) *cobra.Command {
	var format string
	var verbose bool
	c := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the tests inside rule files",
		Long: "test runs the tests that rules carry, each with its own clock and context. Without a path it tests the built-in\n" +
			"rules. A test that fails shows the parts of the rule's conditions with their values; \">\" is before the part that\n" +
			"decided.",
		RunE: func(c *cobra.Command, paths []string) error {
			files, err := load(paths)
			if err != nil {
				return err
			}
			report, err := ruletest.Run(c.Context(), testOptions(files))
			if err != nil {
				return exit(exitStopped, err)
			}
			switch format {
			case "json":
				err = report.WriteJSON(s.out)
			case "junit":
				err = report.WriteJUnit(s.out)
			default:
				err = report.WriteText(s.out, verbose)
			}
			return cmp.Or(exit(exitRuntime, err), verdict(report))
		},
	}
	addFormats(c, &format, "text", "json", "junit")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "list the tests that passed, too")
	return c
}

func verdict(r *ruletest.Report) error {
	switch {
	case r.Problems.HasErrors():
		return &exitError{code: exitRules}
	case r.Failed > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}
