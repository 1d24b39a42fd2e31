package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/view"
)

func newBackfill(s streams) *cobra.Command {
	t := trust{early: true}
	var from, to, table string
	c := &cobra.Command{
		Use:   "backfill --from TIME --to TIME",
		Short: "Send past rows, beside a running host",
		Long: "backfill reads the rows that were ingested in a stretch of time, tags them and sends them to all sinks, with the\n" +
			"event_id that they have when they are read live. It runs beside a host: with one query at a time and a quarter of the\n" +
			"requests that the workspace allows. It refuses a time that the host itself is still to read or to deliver. While a\n" +
			"host runs, a file sink's events go to a file of their own, whose name ends in .backfill.\n\n" +
			"Interrupted, it goes on where it was when it is called again with the same times, which it prints.\n\n" +
			"Exit codes: 0 everything was delivered, 2 rule errors, 3 configuration or arguments, 4 the workspace or a sink failed,\n" +
			"130 interrupted.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := t.load(s, permissions)
			if err != nil {
				return err
			}
			b := host.Backfill{Table: table}
			if b.From, b.To, err = period(from, to, time.Now()); err != nil {
				return exit(exitConfig, err)
			}
			b.From, b.To = b.From.Truncate(time.Minute), b.To.Truncate(time.Minute)
			return backfill(c.Context(), s, loaded, b)
		},
	}
	t.add(c)
	addPeriod(c, &from, &to, "", "")
	c.Flags().StringVar(&table, "table", "", "only this table")
	for _, name := range []string{"from", "to"} {
		_ = c.MarkFlagRequired(name) // the flag is there
	}
	return c
}

func backfill(ctx context.Context, s streams, c config.Config, b host.Backfill) error {
	if len(c.Sources.LogAnalytics) == 0 {
		return exit(exitConfig, errors.New("the configuration has no workspace: sources.log_analytics is empty"))
	}
	bar := view.NewBar(s.err, "minutes read")
	b.Progress = func(done, total time.Duration) { bar.Show(int(done/time.Minute), int(total/time.Minute)) }
	done, rows, err := b.Run(ctx, c, host.Options{Log: view.NewLog(s.err, c.Log, s.secrets.Clean)})
	bar.End()
	again := fmt.Sprintf("go on with `riskrelay backfill --from %s --to %s`", b.From.Format(time.RFC3339), b.To.Format(time.RFC3339))
	switch {
	case errors.Is(err, host.ErrUnsettled), errors.Is(err, host.ErrUnknownTable):
		return exit(exitConfig, err)
	case ctx.Err() != nil:
		return exit(exitStopped, fmt.Errorf("stopped: %s", again))
	case errors.As(err, new(*rulehost.Error)):
		return ruleOrRuntime(err, c.Rules.Context)
	case err != nil:
		return exit(exitRuntime, fmt.Errorf("%w; %s", err, again))
	case !done:
		return exit(exitRuntime, fmt.Errorf("not everything was delivered: %s", again))
	}
	_, err = fmt.Fprintf(s.out, "%s read and delivered\n", diag.Count(int(rows), "row"))
	return exit(exitRuntime, err)
}
