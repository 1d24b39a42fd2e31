package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/view"
)

// The ends of names by which a shell completes files of a kind.
var (
	yamlFiles = []string{"yaml", "yml"}
	rowFiles  = []string{"ndjson", "jsonl", "json"}
)

// complete says, for each command below c, how a shell completes flags by their names, and arguments that are files.
func complete(c *cobra.Command) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if how := completionOf(f.Name); how != nil {
			_ = c.RegisterFlagCompletionFunc(f.Name, how) // it fails for a flag that has one: as the command says
		}
	})
	if kind := argumentFiles()[c.CommandPath()]; kind != nil {
		c.ValidArgsFunction = files(kind)
	}
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

// completionOf is how a flag of the name is completed, nil where the shell knows better or nothing.
func completionOf(flag string) cobra.CompletionFunc {
	switch flag {
	case "config", "rules", "tuning", "context":
		return files(yamlFiles)
	case "event", "events":
		return files(rowFiles)
	case "table":
		return cobra.FixedCompletions(schema.Names(), cobra.ShellCompDirectiveNoFileComp)
	case "at", "from", "to", "id", "time", "bin", "min", "seed":
		return cobra.NoFileCompletions
	case "dir":
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	}
	return nil
}

// argumentFiles are the kinds of files that are arguments of commands.
func argumentFiles() map[string][]string {
	return map[string][]string{
		"riskrelay tag":            rowFiles,
		"riskrelay rules lint":     yamlFiles,
		"riskrelay rules test":     yamlFiles,
		"riskrelay rules coverage": yamlFiles,
		"riskrelay rules bench":    yamlFiles,
		"riskrelay rules diff":     yamlFiles,
	}
}

func files(ends []string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return ends, cobra.ShellCompDirectiveFilterFileExt
	}
}

// sinkNames completes the name of a sink of the configuration that the command line names, as its only argument.
func sinkNames(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	path, err := c.Flags().GetString("config")
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	loaded, err := config.Load(path, os.LookupEnv)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return loaded.Sinks.Names(), cobra.ShellCompDirectiveNoFileComp
}

// ids completes the id of a rule, with its title, or a problem code, as the only argument.
func (f *ruleFlags) ids(c *cobra.Command, args []string, _ string) (ids []string, how cobra.ShellCompDirective) {
	how = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, how
	}
	if module, err := f.module(c.Context()); err == nil {
		for _, r := range module.List() {
			ids = append(ids, cobra.CompletionWithDesc(r.ID, r.Title))
		}
	}
	for _, code := range view.Codes() {
		ids = append(ids, cobra.CompletionWithDesc(code.Code, code.Title))
	}
	return ids, how
}
