package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// addFormat adds the flag for the format of a command's answer, which show takes.
func addFormat(c *cobra.Command, format *string) { addFormats(c, format, "text", "json") }

// addFormats is addFormat for a command that knows other formats, the first of which is the default.
func addFormats(c *cobra.Command, format *string, known ...string) {
	usage, choice := strings.Join(known, ", "), "one of "+strings.Join(known, ", ")
	if len(known) == 2 {
		usage = strings.Join(known, " or ")
		choice = usage
	}
	c.Flags().StringVar(format, "format", known[0], usage)
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp)) // the flag is there, and has none
	c.PreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains(known, *format) {
			return exit(exitConfig, fmt.Errorf("unknown format %q: %s", *format, choice))
		}
		return nil
	}
}

// show writes a command's answer: data as JSON where that is the format, else text, which is the same for people.
func show(w io.Writer, format string, data any, text string) error {
	if format == "json" {
		return writeJSON(w, data)
	}
	_, err := io.WriteString(w, text)
	return exit(exitRuntime, err)
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // it isn't for web pages, and conditions are full of &&
	return exit(exitRuntime, encoder.Encode(v))
}
