package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/proof"
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
	var progress *bar
	total := 0
	report, err := host.VerifyConfigured(ctx, c, v.request, host.Options{Log: newLog(s, c.Log)}, func(left int) {
		if progress == nil {
			total = left
			progress = newBar(s.err, "windows read again", total)
		}
		progress.show(total - left)
	})
	if progress != nil {
		progress.end()
	}
	switch {
	case errors.As(err, new(*proof.RequestError)):
		return exit(exitConfig, err)
	case err != nil && ctx.Err() != nil:
		return exit(exitStopped, err)
	case err != nil:
		return exit(exitRuntime, err)
	case v.format == "json":
		err = writeJSON(s.out, report)
	default:
		err = exit(exitRuntime, v.print(s.out, report))
	}
	if err == nil && report.Differs > 0 && !v.mended(report) {
		err = exit(exitFindings, fmt.Errorf("%s: %s", differences(report.Differs), advice(report)))
	}
	return err
}

// mended reports whether the repair sent what was missing.
func (v *verify) mended(r proof.Report) bool {
	return v.request.Repair && r.Repaired > 0
}

// advice is what to do about a difference.
func advice(r proof.Report) string {
	for _, b := range r.Bins {
		for _, sink := range b.Sinks {
			if sink.Missing > 0 {
				return "send what is missing with --repair"
			}
		}
	}
	return "nothing is missing, but more rows were confirmed than the workspace holds now, as when rows are deleted there (SURPLUS)"
}

func differences(n int) string {
	if n == 1 {
		return "1 bin differs"
	}
	return fmt.Sprintf("%d bins differ", n)
}

// print lists the bins that aren't whole, or all, and sums the tables up.
func (v *verify) print(out io.Writer, r proof.Report) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "INGESTED FROM\tTABLE\tROWS\tREAD\tSINK\tCONFIRMED\tDEAD\tOPEN\tMISSING\tSURPLUS\tSTATE")
	for _, b := range r.Bins {
		if b.State == proof.OK && !v.all {
			continue
		}
		for _, name := range sinksOf(b) {
			sink := b.Sinks[name]
			_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", b.Start.Format(time.RFC3339), b.Table, b.Rows, b.Read,
				name, sink.Confirmed, sink.Dead, sink.Open, sink.Missing, sink.Surplus, sink.State)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s", summary(r))
	return err
}

func sinksOf(b proof.Bin) (names []string) {
	for name := range b.Sinks {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// summary says in a line for each table how its bins are.
func summary(r proof.Report) string {
	type sum struct {
		bins, rows int64
		states     map[proof.State]int
	}
	sums, order := map[string]*sum{}, []string{}
	for _, b := range r.Bins {
		one := sums[b.Stream]
		if one == nil {
			one = &sum{states: map[proof.State]int{}}
			sums[b.Stream] = one
			order = append(order, b.Stream)
		}
		one.bins, one.rows = one.bins+1, one.rows+b.Rows
		one.states[b.State]++
	}
	text := ""
	for _, name := range order {
		var parts []string
		for _, state := range []proof.State{proof.OK, proof.Differs, proof.Pending, proof.Unrecorded, proof.Expired, proof.Before} {
			if n := sums[name].states[state]; n > 0 {
				parts = append(parts, strconv.Itoa(n)+" "+string(state))
			}
		}
		text += fmt.Sprintf("%s: %s in %s: %s\n", name, diag.Count(int(sums[name].rows), "row"), diag.Count(int(sums[name].bins), "bin"), strings.Join(parts, ", "))
	}
	if len(order) == 0 {
		text = "nothing was ingested in that time\n"
	}
	if r.Unrecorded > 0 {
		text += "not recorded: the ledger was lost after that time; --repair sends these rows once more\n"
	}
	if r.Repaired > 0 {
		text += diag.Count(int(r.Repaired), "row") + " that a sink lacked: their minutes were read and sent again\n"
	}
	return text
}
