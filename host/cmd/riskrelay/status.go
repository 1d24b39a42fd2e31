package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/view"
)

// watchEvery is how often `status --watch` asks again.
const watchEvery = 2 * time.Second

func newStatus(s streams) *cobra.Command {
	var path, format string
	var watch, running bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the running host does: lag, open windows, confirmations, errors",
		Long: "status asks the host that runs with this configuration, through the socket admin.sock in data_dir, which only the\n" +
			"host's user and root may use. Without a running host it shows what the ledger says. For each stream and sink,\n" +
			"rows in = confirmed + dead-lettered + open, counted since the host's start. Of a sink that is down it says when the\n" +
			"next try is. --running is for health checks: it fails, with exit code 4, unless a host runs and answers, be it ready or not.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := loadConfig(s, path)
			if err != nil {
				return err
			}
			if watch {
				return watchStatus(c.Context(), s, loaded, format)
			}
			return showStatus(c.Context(), s, loaded, format, "", running)
		},
	}
	addConfig(c, &path)
	addFormat(c, &format)
	c.Flags().BoolVar(&watch, "watch", false, "show it again every two seconds until interrupted")
	c.Flags().BoolVar(&running, "running", false, "fail unless a host runs, for health checks")
	c.MarkFlagsMutuallyExclusive("watch", "running")
	return c
}

// showStatus prints the status, behind before when it is for people; if there is something before, as much as the screen holds. With running it is an error that no host runs.
func showStatus(ctx context.Context, s streams, c config.Config, format, before string, running bool) error {
	status, err := host.Status(ctx, c)
	if err == nil && running && !status.Running {
		err = fmt.Errorf("%w in %s", admin.ErrNoHost, c.DataDir)
	}
	if err != nil {
		return exit(exitRuntime, err)
	}
	if format == "json" {
		return writeJSON(s.out, status)
	}
	text := view.Status(status)
	if before != "" {
		columns, lines := view.Size(s.out)
		text = view.Fit(text, columns, lines)
	}
	if _, err = io.WriteString(view.Unescaped(s.out), before); err == nil {
		_, err = fmt.Fprint(s.out, text)
	}
	return exit(exitRuntime, err)
}

// clearScreen is what makes a terminal begin anew (ECMA-48, CUP and ED).
const clearScreen = "\x1b[H\x1b[2J"

func watchStatus(ctx context.Context, s streams, c config.Config, format string) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if err := showStatus(ctx, s, c, format, clearScreen, false); err != nil && ctx.Err() == nil {
			if _, err := fmt.Fprintf(view.Unescaped(s.out), "%s%s\n", clearScreen, enrich.Visible(err.Error())); err != nil { // it may be back in a moment
				return exit(exitRuntime, err)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}
