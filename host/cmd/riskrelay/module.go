package main

import (
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/plugin"
)

// newModule is how the host starts itself as the CEL module's process; people don't call it.
func newModule() *cobra.Command {
	c := &cobra.Command{Use: "module", Hidden: true}
	c.AddCommand(&cobra.Command{
		Use: "cel", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) { plugin.Serve(celrule.New()) },
	})
	return c
}
