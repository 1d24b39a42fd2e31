package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/proof"
	"github.com/riskrelay/riskrelay/host/view"
)

// verify is what the command line asks for.
type verify struct {
	trust
	format, from, to string
	all              bool
	request          proof.Request
}

func newVerify(s streams) *cobra.Command {
	v := verify{trust: trust{early: true}}
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare what the workspaces hold with what each sink confirmed",
		Long: "verify counts the rows of each table in the workspace by time of ingestion and compares them with the ledger: rows\n" +
			"read, and per sink confirmed, dead-lettered and still open. It asks the host that runs with this configuration, or the\n" +
			"ledger when none runs. Bins that aren't done yet are shown as open, and are no difference; nor are bins that are not\n" +
			"recorded, as the ledger's file was lost since. The sinks aren't asked: what one lost after it confirmed it is no\n" +
			"difference. riskrelay backfill sends it again.\n\n" +
			"--repair reads the minutes of which a sink lacks rows again, for that sink. All rows of these minutes are sent, those\n" +
			"that it has with the event_id that they had. It waits until the sinks took them: interrupted, the running host goes\n" +
			"on with it, or the next one.\n\n" +
			"Exit codes: 0 everything was delivered or is open, 1 a difference, 3 configuration or arguments, 4 the workspace can't\n" +
			"be asked or the repair failed, 130 interrupted.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := v.load(s, permissions)
			if err != nil {
				return err
			}
			return v.run(c.Context(), s, loaded)
		},
	}
	v.add(c)
	addFormat(c, &v.format)
	addPeriod(c, &v.from, &v.to, "24h", "0s")
	c.Flags().DurationVar(&v.request.Bin, "bin", time.Hour, "compare in steps of this length, whole minutes")
	c.Flags().StringVar(&v.request.Table, "table", "", "only this table")
	c.Flags().BoolVar(&v.request.Repair, "repair", false, "send what a sink lacks")
	c.Flags().BoolVar(&v.all, "all", false, "list the bins without a difference as well")
	return c
}

func (v *verify) run(ctx context.Context, s streams, c config.Config) (err error) {
	if v.request.From, v.request.To, err = period(v.from, v.to, time.Now()); err != nil {
		return exit(exitConfig, err)
	}
	if len(c.Sources.LogAnalytics) == 0 {
		return exit(exitConfig, errors.New("the configuration has no workspace: sources.log_analytics is empty"))
	}
	bar, total := view.NewBar(s.err, "windows read again"), 0
	report, err := host.VerifyConfigured(ctx, c, v.request, host.Options{Log: view.NewLog(s.err, c.Log, s.secrets.Clean)}, func(left int) {
		total = max(total, left)
		bar.Show(total-left, total)
	})
	bar.End()
	switch {
	case errors.As(err, new(*proof.RequestError)):
		return exit(exitConfig, err)
	case err != nil && ctx.Err() != nil:
		return exit(exitStopped, err)
	case err != nil:
		return exit(exitRuntime, err)
	}
	err = show(s.out, v.format, report, view.Proof(report, v.all))
	if err == nil && report.Differs > 0 && !v.mended(report) {
		err = exit(exitFindings, errors.New(view.Difference(report)))
	}
	return err
}

// mended reports whether the repair sent what was missing.
func (v *verify) mended(r proof.Report) bool {
	return v.request.Repair && r.Repaired > 0
}
