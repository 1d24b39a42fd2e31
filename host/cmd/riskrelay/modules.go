package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/view"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

func newModules(s streams) *cobra.Command {
	return group("modules", "Look at rule modules", newModulesList(s))
}

func newModulesList(s streams) *cobra.Command {
	var t trust
	var format string
	c := &cobra.Command{
		Use: "list", Short: "List the configured rule modules, and what each is fenced from", Args: cobra.NoArgs,
		Long: "list starts and configures each program under modules in the configuration, to ask its version and which events it\n" +
			"selects, and says step by step what its fence holds: what is on, what this kernel can't and why. It ends with 4 when a\n" +
			"module can't be used.",
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := t.load(s, host.Permissions)
			if err != nil {
				return err
			}
			return listModules(c.Context(), s, loaded, format)
		},
	}
	t.add(c)
	addFormat(c, &format)
	return c
}

func listModules(ctx context.Context, s streams, c config.Config, format string) error {
	list, problem := rulehost.List(ctx, c)
	if err := show(s.out, format, slices.Concat([]rulehost.Listed{}, list), view.Modules(list)); err != nil { // [] rather than null
		return err
	}
	if problem != nil {
		return exit(exitRuntime, problem)
	}
	return nil
}

// newModule is how the host starts itself as the CEL module's process, and as what becomes a module; people don't call it.
func newModule() *cobra.Command {
	c := group("module", "Rule modules as processes of their own", &cobra.Command{
		Use: "cel", Short: "The built-in module", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { plugin.Serve(celrule.New()) },
	}, &cobra.Command{
		Use: "fence", Short: "A module's program behind its fence", Args: cobra.ExactArgs(1), DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error { return exit(exitRuntime, fence.Run(args[0])) },
	})
	c.Hidden = true
	return c
}
