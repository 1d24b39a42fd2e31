package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/rules"
)

func newRules(s streams) *cobra.Command {
	c := &cobra.Command{Use: "rules", Short: "Look at, check and test rules"}
	c.AddCommand(newRulesList(s), newRulesLint(s), newRulesTest(s))
	return c
}

func newRulesList(s streams) *cobra.Command {
	var flags ruleFlags
	var format string
	c := &cobra.Command{
		Use: "list", Short: "List the rules, and why some are off", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			module, err := flags.load(c.Context())
			if err != nil {
				return err
			}
			about, err := module.Describe(c.Context())
			if err != nil {
				return exit(exitRuntime, err)
			}
			slices.SortFunc(about.Rules, func(a, b enrich.RuleInfo) int { return cmp.Compare(a.ID, b.ID) })
			if format == "json" {
				return writeJSON(s.out, about.Rules)
			}
			return exit(exitRuntime, listRules(s.out, about.Rules))
		},
	}
	flags.add(c)
	addFormat(c, &format)
	return c
}

func listRules(w io.Writer, list []enrich.RuleInfo) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tSEVERITY\tGUIDE\tTABLES\tSTATE") //nolint:errcheck // Flush reports it
	off := 0
	for _, r := range list {
		state := "on"
		if r.Off != "" {
			state = "off: " + r.Off
			off++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, //nolint:errcheck // Flush reports it
			cmp.Or(strings.Join(r.Guide, ","), "-"), strings.Join(r.Tables, ","), state)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	_, err := fmt.Fprintf(w, "%d rules, %d off\n", len(list), off)
	return err
}

// pathFlags says which rules rules lint and rules test look at.
type pathFlags struct{ format string }

// load reads the rule files at paths, and the built-in ones when there are none.
func load(paths []string) ([]enrich.File, error) {
	config, err := ruleset.Load(ruleset.Options{Builtin: len(paths) == 0, Paths: paths})
	if err != nil {
		return nil, exit(exitConfig, err)
	}
	if len(config.Files) == 0 {
		return nil, exit(exitConfig, fmt.Errorf("no rule files (*.yaml) in %s", strings.Join(paths, ", ")))
	}
	return config.Files, nil
}

func newRulesLint(s streams) *cobra.Command {
	var flags pathFlags
	c := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "Check rule files: every problem of every file at once",
		Long:  "lint reads rule files and directories of rule files, compiles them as one set, and prints every problem with\nits place. Without a path it checks the built-in rules.",
		RunE: func(c *cobra.Command, paths []string) error {
			files, err := load(paths)
			if err != nil {
				return err
			}
			return lint(c.Context(), s, files, flags.format)
		},
	}
	addFormat(c, &flags.format)
	return c
}

func lint(ctx context.Context, s streams, files []enrich.File, format string) error {
	module := celrule.New()
	err := module.Configure(ctx, enrich.Config{Files: files})
	problems := rulefile.Problems{}
	if err != nil && !errors.As(err, &problems) {
		return exit(exitRuntime, err)
	}
	about, err := module.Describe(ctx)
	if err != nil {
		return exit(exitRuntime, err)
	}
	if format == "json" {
		err = writeJSON(s.out, problems)
	} else {
		err = lintText(s.out, problems, len(files), len(about.Rules))
	}
	if err == nil && problems.HasErrors() {
		err = &exitError{code: exitRules}
	}
	return err
}

func lintText(w io.Writer, problems rulefile.Problems, files, rules int) error {
	for _, p := range problems {
		if _, err := fmt.Fprintln(w, p.Error()); err != nil {
			return exit(exitRuntime, err)
		}
	}
	summary := fmt.Sprintf("%d files, %d rules: no problems", files, rules)
	if len(problems) > 0 {
		summary = fmt.Sprintf("%d files: %d problems", files, len(problems))
	}
	_, err := fmt.Fprintln(w, summary)
	return exit(exitRuntime, err)
}

func newRulesTest(s streams) *cobra.Command {
	var flags pathFlags
	var verbose bool
	c := &cobra.Command{
		Use:   "test [PATH...]",
		Short: "Run the tests inside rule files",
		Long:  "test runs the tests that rules carry, each with its own clock and context. Without a path it tests the built-in\nrules.",
		RunE: func(c *cobra.Command, paths []string) error {
			files, err := load(paths)
			if err != nil {
				return err
			}
			report, err := ruletest.Run(c.Context(), ruletest.Options{
				Files: files, New: func() enrich.Module { return celrule.New() }, Open: open,
			})
			if err != nil {
				return exit(exitStopped, err)
			}
			if flags.format == "json" {
				err = report.WriteJSON(s.out)
			} else {
				err = report.WriteText(s.out, verbose)
			}
			return cmp.Or(exit(exitRuntime, err), verdict(report))
		},
	}
	addFormat(c, &flags.format)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "list the tests that passed, too")
	return c
}

// open reads a file of rows that a test names: of the embedded packs, or of the disk.
func open(name string) ([]byte, error) {
	if inside, ok := strings.CutPrefix(name, "builtin/"); ok {
		return fs.ReadFile(rules.FS, inside)
	}
	return os.ReadFile(name)
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
