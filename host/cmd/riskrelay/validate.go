package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/view"
)

func newValidate(s streams) *cobra.Command {
	var t trust
	c := &cobra.Command{
		Use:   "validate",
		Short: "Check configuration, rules and modules without going online",
		Long: "validate reads everything that the configuration names, compiles the rules and runs their tests. It starts each module\n" +
			"with its settings and ends it, as only the module knows whether it takes them. Of what others may change it warns, as run would\n" +
			"refuse it. The exit code is 2 when rules are wrong and 3 when something else is.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := t.load(s, permissions)
			if err != nil {
				return err
			}
			return validate(c.Context(), s, loaded)
		},
	}
	t.add(c)
	return c
}

func validate(ctx context.Context, s streams, c config.Config) error {
	rules, err := ruleset.Load(c.RuleOptions())
	if err != nil {
		return exit(exitConfig, err)
	}
	module := celrule.New()
	if err := module.Configure(ctx, rules); err != nil {
		return ruleExit(err, c.Rules.Context)
	}
	for _, warning := range module.Warnings() {
		fmt.Fprintln(s.err, warning.Error()) //nolint:errcheck // nobody is left to tell
	}
	if warning := rulehost.Forgetful(c, module); warning != "" {
		fmt.Fprintln(s.err, warning) //nolint:errcheck // nobody is left to tell
	}
	if c.Rules.Selftest {
		if err := rulehost.Selftest(ctx, rules, c.RuleOptions()); err != nil {
			return exit(exitRules, err)
		}
	}
	about, err := module.Describe(ctx)
	if err != nil {
		return exit(exitRuntime, err)
	}
	contests, err := rulehost.Check(ctx, c, about)
	if err := errors.Join(host.Check(c), err); err != nil {
		return exit(exitConfig, errors.Join(errors.New("the configuration is well written, but can't be used"), err))
	}
	for _, contest := range contests {
		fmt.Fprintln(s.err, contest) //nolint:errcheck // nobody is left to tell
	}
	abandoned, err := host.AbandonedSinks(ctx, c)
	if err != nil {
		fmt.Fprintf(s.err, "whether windows wait for sinks that are gone isn't known: %v\n", err) //nolint:errcheck // nobody is left to tell
	}
	for _, a := range abandoned {
		fmt.Fprintln(s.err, view.Abandoned(a)) //nolint:errcheck // nobody is left to tell
	}
	_, err = fmt.Fprintf(s.out, "ok: %s, %s, %s, %s\n", diag.Count(c.Sources.Count(), "stream"),
		diag.Count(len(about.Rules), "rule"), diag.Count(len(c.Modules), "module"), diag.Count(len(c.Sinks.Names()), "sink"))
	if off := view.OffText(about.Rules); err == nil && off != "" {
		_, err = fmt.Fprint(s.out, off)
	}
	return exit(exitRuntime, err)
}
