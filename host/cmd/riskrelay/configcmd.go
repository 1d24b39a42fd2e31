package main

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
)

const defaultConfig = "/etc/riskrelay/riskrelay.yaml"

func addConfig(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", defaultConfig, "configuration file; *.yaml in conf.d beside it add to it")
}

// loadConfig reads the configuration, whose secrets are read through those of s.
func loadConfig(s streams, path string) (config.Config, error) {
	c, err := config.Load(path, os.LookupEnv)
	c.Use(s.secrets)
	return c, exit(exitConfig, err)
}

func newConfig(s streams) *cobra.Command {
	return group("config", "Look at the configuration", newConfigShow(s), newConfigReference(s), newConfigContext(s), newConfigSchema(s))
}

func newConfigShow(s streams) *cobra.Command {
	var path, format string
	var expand bool
	c := &cobra.Command{
		Use: "show", Short: "Print the effective configuration, defaults and drop-in files included", Args: cobra.NoArgs,
		Long: "show prints the effective configuration, defaults and drop-in files included. Secrets are in files and aren't shown;\n" +
			"${NAME} stays as it is written, as a variable may hold one too.",
		RunE: func(*cobra.Command, []string) error {
			load := config.LoadUnexpanded
			if expand {
				load = config.Load
			}
			c, err := load(path, os.LookupEnv)
			if err != nil {
				return exit(exitConfig, err)
			}
			text, err := yaml.Marshal(c)
			if err == nil && format == "json" {
				text, err = yaml.YAMLToJSON(text)
			}
			if err != nil {
				return exit(exitRuntime, fmt.Errorf("write the configuration: %w", err))
			}
			_, err = s.out.Write(text)
			return exit(exitRuntime, err)
		},
	}
	addConfig(c, &path)
	addFormat(c, &format)
	c.Flags().BoolVar(&expand, "expand", false, "show what the environment's variables hold")
	return c
}

func newConfigReference(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "reference", Short: "Print every key with its default and what it means", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(s.out, config.Reference())
			return exit(exitRuntime, err)
		},
	}
}

func newConfigContext(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "context", Short: "Print a context file with every key and what it means", Args: cobra.NoArgs,
		Long: "context prints a context file with every key and what it means: business hours, domains, lists. rules.context in the\n" +
			"configuration names such a file.",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(s.out, rulefile.ContextReference)
			return exit(exitRuntime, err)
		},
	}
}

func newConfigSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "schema [context]", Short: "Print the JSON Schema of configuration or context files, for editors", Args: cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"context"},
		Long: "schema prints the format of configuration files, or with the argument context that of context files, as JSON Schema (draft\n" +
			"2020-12). Editors that know YAML complete and check keys with it, for example with this line on top of the file:\n\n" +
			"  # yaml-language-server: $schema=./riskrelay-config.json",
		Example: "  riskrelay config schema > riskrelay-config.json\n  riskrelay config schema context > riskrelay-context.json",
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := config.JSONSchema()
			if len(args) == 1 {
				text, err = rulefile.ContextSchema(), nil
			}
			if err == nil {
				_, err = s.out.Write(text)
			}
			return exit(exitRuntime, err)
		},
	}
}
