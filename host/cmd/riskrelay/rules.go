package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

func newRules(s streams) *cobra.Command {
	c := &cobra.Command{Use: "rules", Short: "Look at, check and test rules"}
	c.AddCommand(
		newRulesList(s), newRulesLint(s), newRulesTest(s), newRulesCoverage(s), newRulesExplain(s), newRulesBench(s),
		newRulesDiff(s), newRulesSchema(s),
	)
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

// addFormats is addFormat for a command that knows other formats, the first of which is the default.
func addFormats(c *cobra.Command, format *string, known ...string) {
	c.Flags().StringVar(format, "format", known[0], strings.Join(known, ", "))
	c.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(known, *format) {
			return exit(exitConfig, fmt.Errorf("unknown format %q: one of %s", *format, strings.Join(known, ", ")))
		}
		return nil
	}
}

// subject is what lint, test and coverage are about: the rule and tuning files at the paths of the command line.
type subject struct {
	ruleset.Options
	alone   bool
	context string
}

func (s *subject) add(c *cobra.Command) {
	addNoBuiltin(c, &s.alone)
	c.Flags().StringVar(&s.context, "context", "", "context file, which tests without a context of their own see")
}

func addNoBuiltin(c *cobra.Command, alone *bool) {
	c.Flags().BoolVar(alone, "no-builtin", false, "leave the built-in rules out; otherwise the files may tune and use them")
}

// files counts the files that the command is about: rules, tunings, and their lists.
func (s *subject) files(config enrich.Config) (n int) {
	context := ruleset.ContextFiles(s.Context)
	for _, f := range config.Files {
		if !s.Ground(f.Name) && !slices.Contains(context, f.Name) {
			n++
		}
	}
	return n
}
