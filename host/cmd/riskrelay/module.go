package main

import (
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/plugin"
)

// newModule is how the host starts itself as the CEL module's process; people don't call it.
func newModule() *cobra.Command {
	c := group("module", "Rule modules as processes of their own", &cobra.Command{
		Use: "cel", Short: "The built-in module", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { plugin.Serve(celrule.New()) },
	})
	c.Hidden = true
	return c
}
