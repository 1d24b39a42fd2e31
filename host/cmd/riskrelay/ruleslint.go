package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
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
			if err := found.write(s.out, format); err != nil {
				return exit(exitRuntime, err)
			}
			return found.verdict(strict, about.Context)
		},
	}
	addFormats(c, &format, "text", "json", "sarif")
	about.add(c)
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 when there are warnings")
	return c
}

// findings are what lint found in a set of files.
type findings struct {
	files, rules int
	problems     diag.Problems // in the order of their places
	errors       int
}

// lint compiles the files, and looks for what is worth a warning in those that load. The problems of files that couldn't
// be read are unread.
func lint(ctx context.Context, about *subject, config enrich.Config, unread diag.Problems) (*findings, error) {
	module := celrule.New()
	found := &findings{files: about.files(config) + len(unread)}
	if err := module.Configure(ctx, config); err != nil {
		if !errors.As(err, &found.problems) {
			return nil, err
		}
	} else if err := found.look(ctx, module, about.testOptions(config)); err != nil {
		return nil, err
	}
	found.problems = distinct(about.Said(found.problems), unread)
	found.problems.Sort()
	for _, p := range found.problems {
		if p.Severity == diag.Error {
			found.errors++
		}
	}
	return found, nil
}

// look finds what is worth a warning in files that module was configured with, and counts their rules.
func (f *findings) look(ctx context.Context, module *celrule.Module, options ruletest.Options) error {
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	for _, row := range guide {
		options.Guide = append(options.Guide, row.Slug)
	}
	options.New = nil // the module has looked at the expressions
	report, err := ruletest.Run(ctx, options)
	if err != nil {
		return fmt.Errorf("look at the tests of the rules: %w", err)
	}
	f.rules = report.Rules
	f.problems = slices.Concat(report.Problems, module.Warnings(), module.Costly(), module.Idle())
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

func (f *findings) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return writeJSON(w, f.problems)
	case "sarif":
		return writeJSON(w, sarifOf(f.problems))
	}
	return f.writeText(w)
}

// writeText writes the errors, then the warnings.
func (f *findings) writeText(w io.Writer) error {
	var codes []string
	for _, severity := range []diag.Severity{diag.Error, diag.Warning} {
		for _, p := range f.problems {
			if p.Severity != severity {
				continue
			}
			if _, err := fmt.Fprintln(w, p.Error()); err != nil {
				return err
			}
			if !slices.Contains(codes, p.Code) {
				codes = append(codes, p.Code)
			}
		}
	}
	for _, code := range codes {
		if _, err := fmt.Fprintf(w, "more about %s: riskrelay rules explain %s\n", code, code); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, f.summary())
	return err
}

func (f *findings) summary() string {
	files, rules := diag.Count(f.files, "file"), diag.Count(f.rules, "rule")
	problems, warnings := diag.Count(f.errors, "problem"), diag.Count(len(f.problems)-f.errors, "warning")
	switch {
	case f.errors > 0 && len(f.problems) > f.errors:
		return fmt.Sprintf("%s: %s, %s", files, problems, warnings)
	case f.errors > 0:
		return fmt.Sprintf("%s: %s", files, problems)
	case len(f.problems) > 0:
		return fmt.Sprintf("%s, %s: no problems, %s", files, rules, warnings)
	}
	return fmt.Sprintf("%s, %s: no problems", files, rules)
}

func (f *findings) verdict(strict bool, context string) error {
	switch {
	case f.errors > 0:
		return &exitError{code: problemCode(f.problems, context)}
	case strict && len(f.problems) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}
