package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/view"
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
	if format == "json" {
		if err := writeJSON(s.out, slices.Concat([]rulehost.Listed{}, list)); err != nil { // [] rather than null
			return err
		}
	} else if _, err := io.WriteString(s.out, view.Modules(list)); err != nil {
		return exit(exitRuntime, err)
	}
	if problem != nil {
		return exit(exitRuntime, problem)
	}
	return nil
}
