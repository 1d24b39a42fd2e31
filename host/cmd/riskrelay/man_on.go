//go:build man

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// documentation is the commands that packages are built with: man pages need more libraries than the program that is shipped.
func documentation() []*cobra.Command {
	return []*cobra.Command{{
		Use: "man DIR", Short: "Write a man page for each command into DIR", Args: cobra.ExactArgs(1), Hidden: true,
		Long: "man writes a man page for each command into the directory. The pages bear the time in SOURCE_DATE_EPOCH\n" +
			"(https://reproducible-builds.org/specs/source-date-epoch/), so that the same source gives the same pages.",
		RunE: func(c *cobra.Command, args []string) error {
			seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
			if err != nil {
				return exit(exitConfig, fmt.Errorf("SOURCE_DATE_EPOCH is no number of seconds since 1970: %w", err))
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // man pages are for everybody
				return exit(exitRuntime, err)
			}
			date := time.Unix(seconds, 0).UTC()
			root := c.Root()
			root.DisableAutoGenTag = true // it would name the day of the build
			root.InitDefaultCompletionCmd()
			header := &doc.GenManHeader{Section: "1", Date: &date, Source: "riskrelay " + thisBuild().Version, Manual: "riskrelay"}
			return exit(exitRuntime, doc.GenManTree(root, header, args[0]))
		},
	}}
}
