package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
		Short: "Measure what each rule costs on sample events, dearest first",
		Long: "bench runs each rule alone over the rows of a file and prints the time that it takes for an event of its tables, in\n" +
			"nanoseconds, how many of these events it matches, on how many it fails, and on how many it takes longer than a rule\n" +
			"may. A key picks the events that a rule is evaluated for; rules without one are named below. The line \"all\" is the\n" +
			"whole set at once. No rule is switched off while it is measured. Without a path bench measures the built-in rules.\n" +
			"Rules that are off are left out.",
		RunE: func(c *cobra.Command, paths []string) error {
			if events == "" {
				return exit(exitConfig, errors.New("give sample rows with --events FILE"))
			}
			if long <= 0 {
				return exit(exitConfig, fmt.Errorf("--time: %v is no time to measure in", long))
			}
			module, err := compiled(c.Context(), flags, paths)
			if err != nil {
				return err
			}
			rows, err := readEvents(c.Context(), s, events)
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
	Rule     string   `json:"rule"`
	PerNano  float64  `json:"ns_per_event"`
	Share    float64  `json:"share"`  // of the time that all rules take, each alone, for all events; 0-1
	Events   int      `json:"events"` // of its tables
	Matches  int      `json:"matches"`
	Errors   int      `json:"errors"`
	Over     uint64   `json:"over_limit"`          // events on which the rule was stopped, as it took too long
	Off      bool     `json:"would_be_off"`        // so many in a row that it would be switched off for a while
	Unpicked []string `json:"no_key_in,omitempty"` // tables in which it is evaluated for every event
}

// bench measures each rule that is on, dearest first, and the whole set as "all" before them.
func bench(ctx context.Context, m *celrule.Module, events []enrich.Event, long time.Duration) ([]ruleCost, error) {
	var costs []ruleCost
	for _, r := range m.List() {
		if r.Off != "" {
			continue
		}
		only, err := m.Only(r.ID)
		if err != nil {
			return nil, err
		}
		var own []enrich.Event
		for _, e := range events {
			if e.Concerns(enrich.Selector{Tables: r.Tables}) {
				own = append(own, e)
			}
		}
		cost, err := measure(ctx, only, r.ID, own, long)
		if err != nil {
			return nil, err
		}
		cost.Unpicked = r.Unindexed
		costs = append(costs, cost)
	}
	slices.SortStableFunc(costs, func(a, b ruleCost) int { return cmp.Compare(b.PerNano, a.PerNano) })
	share(costs)
	all, err := measure(ctx, m.Unswitched(), "all", events, long)
	for _, c := range costs {
		all.Over += c.Over
	}
	return append([]ruleCost{all}, costs...), err
}

func share(costs []ruleCost) {
	sum := 0.0
	for _, c := range costs {
		sum += c.PerNano * float64(c.Events)
	}
	for i := range costs {
		if sum > 0 {
			costs[i].Share = costs[i].PerNano * float64(costs[i].Events) / sum
		}
	}
}

// measure tags the events again and again until the time is over.
func measure(ctx context.Context, m *celrule.Module, rule string, events []enrich.Event, long time.Duration) (ruleCost, error) {
	c := ruleCost{Rule: rule, Events: len(events)}
	if c.Events == 0 {
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
	stops := m.Stops(rule)
	c.Over, c.Off = stops.Events, stops.Off
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

// writeCosts writes a table, and below it the rules that take too long and those without a key. The first of costs is
// the whole set.
func writeCosts(w io.Writer, costs []ruleCost) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	limit := float64(celrule.RunLimit) / float64(time.Millisecond)
	fmt.Fprintf(table, "RULE\tNS/EVENT\tSHARE\tEVENTS\tMATCHES\tERRORS\tOVER %g MS\tKEY\n", limit) //nolint:errcheck // Flush reports it
	for i, c := range costs {
		share, picked := fmt.Sprintf("%.1f%%", 100*c.Share), "yes"
		if len(c.Unpicked) > 0 {
			picked = "no"
		}
		if i == 0 {
			share, picked = "-", "-"
		}
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%d\t%d\t%d\t%d\t%s\n", c.Rule, c.PerNano, share, c.Events, c.Matches, c.Errors, c.Over, picked) //nolint:errcheck // Flush reports it
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the costs: %w", err)
	}
	_, err := io.WriteString(w, costWarnings(costs[1:], limit))
	return err
}

// costWarnings are lines about rules that cost more than they should.
func costWarnings(costs []ruleCost, limit float64) string {
	var b strings.Builder
	for _, c := range costs {
		switch {
		case c.Off:
			fmt.Fprintf(&b, "%s would be switched off: over %g ms on %d of %d events\n", c.Rule, limit, c.Over, c.Events)
		case c.Over > 0:
			fmt.Fprintf(&b, "%s is stopped: over %g ms on %d of %d events\n", c.Rule, limit, c.Over, c.Events)
		}
	}
	for _, c := range costs {
		if len(c.Unpicked) > 0 {
			fmt.Fprintf(&b, "%s has no key: it is evaluated for every event of %s\n", c.Rule, strings.Join(c.Unpicked, ", "))
		}
	}
	return b.String()
}
