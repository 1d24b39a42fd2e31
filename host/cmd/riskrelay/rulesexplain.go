package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
)

func newRulesExplain(s streams) *cobra.Command {
	var flags ruleFlags
	var format, event string
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
			events, err := readEvents(c.Context(), s, event)
			if err != nil {
				return err
			}
			return explainEvents(c.Context(), s.out, module, events, id, format)
		},
	}
	flags.add(c)
	addFormat(c, &format)
	c.Flags().StringVar(&event, "event", "", "file with rows, one JSON object a line; - is standard input")
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

func explainCode(w io.Writer, code, format string) error {
	about, ok := codeByName(code)
	if !ok {
		return exit(exitConfig, fmt.Errorf("there is no problem code %s", code))
	}
	if format == "json" {
		return writeJSON(w, about)
	}
	_, err := fmt.Fprintf(w, "%s (%s): %s\n\n%s\n\nFor example:\n%s\n\n%s\n", about.Code, about.Severity, about.Title,
		about.Explanation, indented(about.Example), about.Fix)
	return exit(exitRuntime, err)
}

// codeByName is the documentation of a code of rule files or of the configuration; false when there is no such code.
func codeByName(code string) (diag.Code, bool) {
	all := append(rulefile.Codes(), config.Codes()...)
	if i := slices.IndexFunc(all, func(c diag.Code) bool { return c.Code == code }); i >= 0 {
		return all[i], true
	}
	return diag.Code{}, false
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// explained are the explanations of one event.
type explained struct {
	EventID string               `json:"event_id"`
	Table   string               `json:"table"`
	Rules   []enrich.Explanation `json:"rules"`
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
	var all []explained
	for i := range events {
		one := explained{EventID: events[i].ID, Table: events[i].Table}
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
		slices.SortStableFunc(one.Rules, func(a, b enrich.Explanation) int { return cmp.Compare(rank(a), rank(b)) })
		all = append(all, one)
	}
	if format == "json" {
		return writeJSON(w, all)
	}
	var text []byte
	for _, one := range all {
		text = fmt.Appendf(text, "event %s of %s\n", one.EventID, one.Table)
		for i := range one.Rules {
			text = fmt.Appendf(text, "  %s: %s\n", one.Rules[i].Rule, verdictOf(&one.Rules[i]))
			text = one.Rules[i].AppendText(text, "    ")
		}
	}
	_, err = w.Write(text)
	return exit(exitRuntime, err)
}

// verdictOf is the outcome, of a match with severity and score.
func verdictOf(x *enrich.Explanation) string {
	for _, tag := range x.Tags {
		if tag.Error == "" {
			return fmt.Sprintf("%s, severity %s, score %d", x.Outcome, tag.Severity, tag.Score)
		}
	}
	return x.Outcome
}

func rank(x enrich.Explanation) int {
	return slices.Index([]string{
		enrich.OutcomeMatch, enrich.OutcomeSuppressed, enrich.OutcomeError, enrich.OutcomeNoMatch, enrich.OutcomeOff,
	}, x.Outcome)
}
