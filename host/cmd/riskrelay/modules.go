package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
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
	} else if err := modulesPage(s.out, list); err != nil {
		return exit(exitRuntime, err)
	}
	if problem != nil {
		return exit(exitRuntime, problem)
	}
	return nil
}

// modulesPage is the list for people: a table of the modules, and below it one of each fence.
func modulesPage(w io.Writer, list []rulehost.Listed) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no modules are configured beside the built-in rules")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) } //nolint:errcheck // Flush reports it
	row("MODULE", "VERSION", "TABLES", "COLUMNS", "RULES", "PATH")
	for i := range list {
		m := &list[i]
		if m.Problem != "" {
			row(clean(m.Name), "-", "-", "-", "-", clean(m.Path)+" can't be used")
			continue
		}
		if m.SHA256 == "" { // `rules list` says what the built-in one looks for
			row(clean(m.Name), "built in", "-", "-", "-", clean(m.Path))
			continue
		}
		row(clean(m.Name), clean(m.About+" "+m.Version), all(m.Selects.Tables), all(m.Selects.Columns), fmt.Sprint(m.Rules), clean(m.Path))
	}
	for i := range list {
		if m := &list[i]; m.Problem == "" {
			row("")
			row(clean(m.Name), pinned(m.SHA256))
			for _, step := range m.Fence {
				row("  "+step.Name, onOff(step.On), clean(step.Says))
			}
		}
	}
	return errors.Join(table.Flush())
}

func pinned(digest string) string {
	if digest == "" {
		return "this program"
	}
	return "sha256 " + digest
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "OFF"
}

// clean escapes what a terminal would obey: modules say what they are themselves.
func clean(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return quoted[1 : len(quoted)-1]
}

// all are the names, or the word for every one there is.
func all(names []string) string { return clean(cmp.Or(strings.Join(names, ","), "all")) }
