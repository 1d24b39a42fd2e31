package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host/view"
	"github.com/riskrelay/riskrelay/rules"
)

func newRulesLint(s streams) *cobra.Command {
	var about subject
	var format string
	var strict bool
	c := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Check rule and tuning files: every problem of every file at once",
		Long: "lint reads rule and tuning files and directories of them, compiles them as one set, and prints every problem with\n" +
			"its place. The built-in rules are part of the set, so that files may tune and use them and a name that they have\n" +
			"is found; without a path they are what is checked. Errors keep the rules from loading; warnings don't, and are\n" +
			"findings only with --strict. `riskrelay rules explain CODE` tells more about a problem.",
		Example: "  riskrelay rules lint my/rules my/tuning.yaml",
		RunE: func(c *cobra.Command, paths []string) error {
			config, unread, err := about.gather(paths)
			if err != nil {
				return err
			}
			found, err := lint(c.Context(), &about, config, unread)
			if err != nil {
				return exit(exitRuntime, err)
			}
			if err := writeFindings(s.out, found, format); err != nil {
				return exit(exitRuntime, err)
			}
			return lintVerdict(found, strict, about.Context)
		},
	}
	addFormats(c, &format, "text", "json", "sarif")
	about.add(c)
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 when there are warnings")
	return c
}

// lint compiles the files, and looks for what is worth a warning in those that load. The problems of files that couldn't
// be read are unread.
func lint(ctx context.Context, about *subject, config enrich.Config, unread diag.Problems) (*view.Findings, error) {
	module := celrule.New()
	found := &view.Findings{Files: about.files(config) + len(unread)}
	if err := module.Configure(ctx, config); err != nil {
		if !errors.As(err, &found.Problems) {
			return nil, err
		}
	} else if err := lookAt(ctx, found, module, about.testOptions(config)); err != nil {
		return nil, err
	}
	found.Problems = distinct(about.Said(found.Problems), unread)
	found.Problems.Sort()
	return found, nil
}

// lookAt finds what is worth a warning in files that module was configured with, and counts their rules.
func lookAt(ctx context.Context, found *view.Findings, module *celrule.Module, options ruletest.Options) error {
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	for _, row := range guide {
		options.Guide = append(options.Guide, row.Slug)
	}
	techniques, err := rules.Techniques()
	if err != nil {
		return err
	}
	options.Techniques = slices.Sorted(maps.Keys(techniques))
	options.New = nil // the module has looked at the expressions
	report, err := ruletest.Run(ctx, options)
	if err != nil {
		return fmt.Errorf("look at the tests of the rules: %w", err)
	}
	found.Rules = report.Rules
	found.Problems = slices.Concat(report.Problems, module.Warnings(), module.Costly(), module.Idle())
	return nil
}

// distinct puts problems together that several have looked for, each once.
func distinct(all ...diag.Problems) diag.Problems {
	out, seen := diag.Problems{}, map[diag.Problem]bool{}
	for _, p := range slices.Concat(all...) {
		if !seen[p] {
			out = append(out, p)
		}
		seen[p] = true
	}
	return out
}

func writeFindings(w io.Writer, found *view.Findings, format string) error {
	if format == "sarif" {
		return writeJSON(w, view.SARIF(found.Problems, thisBuild().Version))
	}
	return show(w, format, found.Problems, found.Text())
}

// lintVerdict is the exit code for findings.
func lintVerdict(found *view.Findings, strict bool, context string) error {
	switch {
	case found.Errors() > 0:
		return &exitError{code: problemCode(found.Problems, context)}
	case strict && len(found.Problems) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}
