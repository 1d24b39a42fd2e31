package main

import (
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

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
