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
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

func newRulesLint(s streams) *cobra.Command {
	var format string
	var strict bool
	c := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Check rule files: every problem of every file at once",
		Long: "lint reads rule files and directories of rule files, compiles them as one set, and prints every problem with\n" +
			"its place. Without a path it checks the built-in rules. Errors keep the rules from loading; warnings don't, and\n" +
			"are findings only with --strict. `riskrelay rules explain CODE` tells more about a problem.",
		RunE: func(c *cobra.Command, paths []string) error {
			files, err := load(paths)
			if err != nil {
				return err
			}
			found, err := lint(c.Context(), files)
			if err != nil {
				return exit(exitRuntime, err)
			}
			if err := found.write(s.out, format); err != nil {
				return exit(exitRuntime, err)
			}
			return found.verdict(strict)
		},
	}
	addFormats(c, &format, "text", "json", "sarif")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 when there are warnings")
	return c
}

// findings are what lint found in a set of files.
type findings struct {
	files, rules int
	problems     rulefile.Problems // in the order of their places
	errors       int
}

// lint compiles the files, and looks for what is worth a warning in those that load.
func lint(ctx context.Context, files []enrich.File) (*findings, error) {
	module := celrule.New()
	found := &findings{files: len(files), problems: rulefile.Problems{}}
	if err := module.Configure(ctx, enrich.Config{Files: files}); err != nil {
		if !errors.As(err, &found.problems) {
			return nil, err
		}
	} else {
		report, err := ruletest.Run(ctx, ruletest.Options{
			Files: files, New: func() enrich.Module { return celrule.New() }, Only: func(string, string) bool { return false },
		})
		if err != nil {
			return nil, err
		}
		found.problems = distinct(report.Problems, module.Warnings(), module.Costly())
	}
	about, err := module.Describe(ctx)
	if err != nil {
		return nil, err
	}
	found.rules = len(about.Rules)
	found.problems.Sort()
	for _, p := range found.problems {
		if p.Severity == rulefile.Error {
			found.errors++
		}
	}
	return found, nil
}

// distinct puts problems together that several have looked for, each once.
func distinct(all ...rulefile.Problems) rulefile.Problems {
	out, seen := rulefile.Problems{}, map[rulefile.Problem]bool{}
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
	for _, severity := range []rulefile.Severity{rulefile.Error, rulefile.Warning} {
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
	warnings := len(f.problems) - f.errors
	switch {
	case f.errors > 0 && warnings > 0:
		return fmt.Sprintf("%d files: %d problems, %d warnings", f.files, f.errors, warnings)
	case f.errors > 0:
		return fmt.Sprintf("%d files: %d problems", f.files, f.errors)
	case warnings > 0:
		return fmt.Sprintf("%d files, %d rules: no problems, %d warnings", f.files, f.rules, warnings)
	}
	return fmt.Sprintf("%d files, %d rules: no problems", f.files, f.rules)
}

func (f *findings) verdict(strict bool) error {
	switch {
	case f.errors > 0:
		return &exitError{code: exitRules}
	case strict && len(f.problems) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}
