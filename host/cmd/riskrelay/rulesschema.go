package main

import (
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

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
