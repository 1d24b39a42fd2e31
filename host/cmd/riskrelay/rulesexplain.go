package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/view"
)

func newRulesExplain(s streams) *cobra.Command {
	var flags ruleFlags
	var format, event string
	var of shapeFlag
	c := &cobra.Command{
		Use:   "explain [ID|CODE]",
		Short: "Tell all about a rule, a problem code, or why events did or didn't match",
		Long: "explain ID tells what a rule looks for, which lists and context it uses, what tuning files change, what it costs\n" +
			"and what picks it for an event. explain CODE tells more about a problem that lint found. With --event FILE it tells\n" +
			"for each row of the file why the rule, or every rule of the row's table, does or doesn't match: the parts of the\n" +
			"condition with their values, \">\" before the part that decided, and how a match got its severity and score. Rules\n" +
			"with first_seen know the rows of the file.",
		Example: "  riskrelay rules explain entra.app.owner.changed\n" +
			"  riskrelay rules explain R202\n" +
			"  riskrelay rules explain --event row.ndjson entra.app.owner.changed",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			if event == "" && id == "" {
				return exit(exitConfig, errors.New("name a rule or a problem code, or give events with --event FILE"))
			}
			if event == "" && regexp.MustCompile(`^[A-Z]\d{3}$`).MatchString(id) {
				return explainCode(s.out, id, format)
			}
			flags.Tests = event == "" // the page lists them
			module, err := flags.module(c.Context())
			if err != nil {
				return err
			}
			if event == "" {
				now := flags.At
				if now.IsZero() {
					now = time.Now()
				}
				return explainRule(c.Context(), s.out, module, id, format, now)
			}
			events, err := of.readEvents(c.Context(), s, event)
			if err != nil {
				return err
			}
			return explainEvents(c.Context(), s.out, module, events, id, format)
		},
	}
	flags.add(c)
	c.ValidArgsFunction = flags.ids
	addFormat(c, &format)
	c.Flags().StringVar(&event, "event", "", "file with rows, as Azure's tools write them; - is standard input")
	of.add(c)
	return c
}

// module is load for commands that ask more than a module in general can tell.
func (f *ruleFlags) module(ctx context.Context) (*celrule.Module, error) {
	m, err := f.load(ctx)
	if err != nil {
		return nil, err
	}
	cel, ok := m.(*celrule.Module)
	if !ok {
		return nil, exit(exitRuntime, errors.New("the rules' module can't explain them"))
	}
	return cel, nil
}

// explainRule writes the page of the rule called id; now is what exceptions end by.
func explainRule(ctx context.Context, w io.Writer, m *celrule.Module, id, format string, now time.Time) error {
	d, err := m.Detail(ctx, id)
	if err != nil {
		return exit(exitConfig, err)
	}
	page, err := view.NewRule(d, now)
	if err != nil {
		return exit(exitRuntime, err)
	}
	return show(w, format, page, page.Text())
}

func explainCode(w io.Writer, code, format string) error {
	about, ok := view.CodeByName(code)
	if !ok {
		return exit(exitConfig, fmt.Errorf("there is no problem code %s", code))
	}
	return show(w, format, about, view.Code(about))
}

// explainEvents explains the rule called id, or all rules about the table of each event, matches first.
func explainEvents(ctx context.Context, w io.Writer, m *celrule.Module, events []enrich.Event, id, format string) error {
	about, err := m.Describe(ctx)
	if err != nil {
		return exit(exitRuntime, err)
	}
	m = m.Unswitched()
	if _, err := m.Tag(ctx, events); err != nil { // rules with first_seen learn what they see
		return exit(exitStopped, err)
	}
	var all []view.Explained
	for i := range events {
		one := view.Explained{EventID: events[i].ID, Table: events[i].Table}
		for _, r := range about.Rules {
			if id == "" && !events[i].Concerns(enrich.Selector{Tables: r.Tables}) || id != "" && id != r.ID {
				continue
			}
			x, err := m.Explain(ctx, &events[i], r.ID)
			if err != nil {
				return exit(exitRuntime, err)
			}
			one.Rules = append(one.Rules, x)
		}
		if id != "" && len(one.Rules) == 0 {
			_, err := m.Detail(ctx, id)
			return exit(exitConfig, err)
		}
		one.Sort()
		all = append(all, one)
	}
	return show(w, format, all, view.ExplainedText(all))
}
