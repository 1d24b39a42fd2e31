package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/view"
)

func newRulesBench(s streams) *cobra.Command {
	var flags ruleFlags
	var format, events string
	var of shapeFlag
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
			rows, err := of.readEvents(c.Context(), s, events)
			if err != nil {
				return err
			}
			costs, err := bench(c.Context(), module, rows, long)
			if err != nil {
				return exit(exitStopped, err)
			}
			return show(s.out, format, costs, view.CostsText(costs))
		},
	}
	addFormat(c, &format)
	c.Flags().StringVar(&events, "events", "", "file with rows, as Azure's tools write them; - is standard input")
	of.add(c)
	c.Flags().DurationVar(&long, "time", 20*time.Millisecond, "how long to measure each rule")
	flags.addContext(c)
	c.Flags().BoolVar(&flags.Builtin, "builtin", false, "take the built-in rules beside those of PATH")
	return c
}

// bench measures each rule that is on, dearest first, and the whole set as "all" before them.
func bench(ctx context.Context, m *celrule.Module, events []enrich.Event, long time.Duration) ([]view.RuleCost, error) {
	var costs []view.RuleCost
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
	slices.SortStableFunc(costs, func(a, b view.RuleCost) int { return cmp.Compare(b.PerNano, a.PerNano) })
	view.Share(costs)
	all, err := measure(ctx, m.Unswitched(), "all", events, long)
	for _, c := range costs {
		all.Over += c.Over
	}
	return append([]view.RuleCost{all}, costs...), err
}

// measure tags the events again and again until the time is over.
func measure(ctx context.Context, m *celrule.Module, rule string, events []enrich.Event, long time.Duration) (view.RuleCost, error) {
	c := view.RuleCost{Rule: rule, Events: len(events)}
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
