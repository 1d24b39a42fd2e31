package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/view"
)

func newRules(s streams) *cobra.Command {
	return group("rules", "Look at, check and test rules",
		newRulesList(s), newRulesLint(s), newRulesTest(s), newRulesCoverage(s), newRulesExplain(s), newRulesBench(s),
		newRulesDiff(s), newRulesLanguage(s), newRulesSchema(s))
}

func newRulesList(s streams) *cobra.Command {
	var flags ruleFlags
	var format string
	c := &cobra.Command{
		Use: "list", Short: "List the rules, and why some are off", Args: cobra.NoArgs,
		Long: "list shows all rules with severity and score as tuned, the rows of the guide, the tables, and whether they run: why\n" +
			"not, what tuning files change, and \"no key\" for rules that are evaluated for every event of their tables. --format\n" +
			"json adds title, pack, revision, techniques, needed context, cost and key.",
		RunE: func(c *cobra.Command, _ []string) error {
			module, err := flags.module(c.Context())
			if err != nil {
				return err
			}
			all := module.List()
			return show(s.out, format, all, view.Rules(all))
		},
	}
	flags.add(c)
	addFormat(c, &format)
	return c
}

// subject is what lint, test and coverage are about: the rule and tuning files at the paths of the command line.
type subject struct {
	ruleset.Options
	alone   bool
	context string
	err     func() io.Writer // where warnings about files go
}

func (s *subject) add(c *cobra.Command) {
	s.err = c.ErrOrStderr
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

func newRulesLanguage(s streams) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "language [TABLE|NAME]",
		Short: "Show what rules may say: functions, fields, the columns of a table, with examples",
		Example: "  riskrelay rules language\n" +
			"  riskrelay rules language AuditLogs\n" +
			"  riskrelay rules language event.change",
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return schema.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			about := strings.Join(args, "")
			language, ok, err := view.NewLanguage(about)
			if err != nil {
				return exit(exitRuntime, err)
			}
			if !ok {
				hint := ""
				if near := diag.Suggest(about, schema.Names()); near != "" {
					hint = ", did you mean " + near + "?"
				}
				return exit(exitConfig, fmt.Errorf("no table, function or type is called %q%s", about, hint))
			}
			return show(s.out, format, language, view.LanguageText(language))
		},
	}
	addFormat(c, &format)
	return c
}

func newRulesSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of rule files, for editors", Args: cobra.NoArgs,
		Long: "schema prints the format of rule files as JSON Schema (draft 2020-12). Editors that know YAML take it and complete\n" +
			"and check keys while you type, for example with this line on top of a rule file:\n\n" +
			"  # yaml-language-server: $schema=./riskrelay-rules.json",
		Example: "  riskrelay rules schema > riskrelay-rules.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(rulefile.JSONSchema())
			return exit(exitRuntime, err)
		},
	}
}
