package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

func newRulesTest(s streams) *cobra.Command {
	var about subject
	var format string
	var verbose bool
	c := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the tests inside rule and tuning files",
		Long: "test runs the tests that rules carry, each with its own clock and context. Without a path it tests the built-in\n" +
			"rules. A test that fails shows the parts of the rule's conditions with their values; \">\" is before the part that\n" +
			"decided.\n\n" +
			"The tests of a rule are its author's: they judge the rule as it was written, whatever tuning files change, so that\n" +
			"an exception doesn't make them fail. The tests of a rule in a tuning file are the operator's: they judge it with\n" +
			"all tuning files at the paths applied, severities, exceptions and lists. Files at the paths may tune the built-in\n" +
			"rules and use their lists and macros; the built-in rules' own tests run only without a path.",
		Example: "  riskrelay rules test my/rules\n  riskrelay rules test my/rules my/tuning.yaml",
		RunE: func(c *cobra.Command, paths []string) error {
			options, err := about.tests(paths)
			if err != nil {
				return err
			}
			report, err := ruletest.Run(c.Context(), options)
			if err != nil {
				return exit(exitStopped, err)
			}
			report.Problems = about.Said(report.Problems)
			switch format {
			case "json":
				err = report.WriteJSON(s.out)
			case "junit":
				err = report.WriteJUnit(s.out)
			default:
				err = report.WriteText(s.out, verbose)
			}
			return cmp.Or(exit(exitRuntime, err), about.verdict(report))
		},
	}
	addFormats(c, &format, "text", "json", "junit")
	about.add(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "list the tests that passed, too")
	return c
}
