package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

func newRulesBench(s streams) *cobra.Command {
	var flags ruleFlags
	var format, events string
	var long time.Duration
	c := &cobra.Command{
		Use:   "bench [PATH...] --events FILE",
		Short: "Measure what each rule costs on sample events, slowest first",
		Long: "bench runs each rule alone over the rows of a file and prints the time that it takes for an event of its tables,\n" +
			"and how many events it matches. The line \"all\" is the whole set at once. Without a path it measures the built-in\n" +
			"rules. Rules that are off are left out.",
		RunE: func(c *cobra.Command, paths []string) error {
			if events == "" {
				return exit(exitConfig, errors.New("give sample rows with --events FILE"))
			}
			module, err := compiled(c.Context(), flags, paths)
			if err != nil {
				return err
			}
			rows, err := readEvents(s, events)
			if err != nil {
				return err
			}
			costs, err := bench(c.Context(), module, rows, long)
			if err != nil {
				return exit(exitStopped, err)
			}
			if format == "json" {
				return writeJSON(s.out, costs)
			}
			return exit(exitRuntime, writeCosts(s.out, costs))
		},
	}
	addFormat(c, &format)
	c.Flags().StringVar(&events, "events", "", "file with rows, one JSON object a line; - is standard input")
	c.Flags().DurationVar(&long, "time", 20*time.Millisecond, "how long to measure each rule")
	flags.addContext(c)
	c.Flags().BoolVar(&flags.Builtin, "builtin", false, "take the built-in rules beside those of PATH")
	return c
}

// ruleCost is what one rule costs.
type ruleCost struct {
	Rule    string  `json:"rule"`
	PerNano float64 `json:"ns_per_event"`
	Events  int     `json:"events"` // of its tables
	Matches int     `json:"matches"`
	Errors  int     `json:"errors"`
}

// bench measures each rule that is on, slowest first, and the whole set as "all" before them.
func bench(ctx context.Context, m *celrule.Module, events []enrich.Event, long time.Duration) ([]ruleCost, error) {
	about, err := m.Describe(ctx)
	if err != nil {
		return nil, err
	}
	var costs []ruleCost
	for _, r := range about.Rules {
		if r.Off != "" {
			continue
		}
		only, err := m.Only(r.ID)
		if err != nil {
			return nil, err
		}
		var own []enrich.Event
		for _, e := range events {
			if slices.Contains(r.Tables, e.Table) {
				own = append(own, e)
			}
		}
		cost, err := measure(ctx, only, own, long)
		if err != nil {
			return nil, err
		}
		cost.Rule = r.ID
		costs = append(costs, cost)
	}
	slices.SortStableFunc(costs, func(a, b ruleCost) int { return cmp.Compare(b.PerNano, a.PerNano) })
	all, err := measure(ctx, m, events, long)
	all.Rule = "all"
	return append([]ruleCost{all}, costs...), err
}

// measure tags the events again and again until the time is over.
func measure(ctx context.Context, m enrich.Module, events []enrich.Event, long time.Duration) (c ruleCost, err error) {
	if c.Events = len(events); c.Events == 0 {
		return c, nil
	}
	tags, err := m.Tag(ctx, events) // fills caches, too
	if err != nil {
		return c, fmt.Errorf("tag the events: %w", err)
	}
	for _, list := range tags {
		for _, t := range list {
			switch {
			case t.Error != "":
				c.Errors++
			case t.Suppressed == "":
				c.Matches++
			}
		}
	}
	rounds, start := 0, time.Now()
	for rounds == 0 || time.Since(start) < long {
		if _, err := m.Tag(ctx, events); err != nil {
			return c, fmt.Errorf("tag the events: %w", err)
		}
		rounds++
	}
	c.PerNano = float64(time.Since(start).Nanoseconds()) / float64(rounds*len(events))
	return c, nil
}

func writeCosts(w io.Writer, costs []ruleCost) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "RULE\tNS/EVENT\tEVENTS\tMATCHES\tERRORS") //nolint:errcheck // Flush reports it
	for _, c := range costs {
		fmt.Fprintf(table, "%s\t%.0f\t%d\t%d\t%d\n", c.Rule, c.PerNano, c.Events, c.Matches, c.Errors) //nolint:errcheck // Flush reports it
	}
	return table.Flush()
}
