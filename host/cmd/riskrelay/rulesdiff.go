package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

func newRulesDiff(s streams) *cobra.Command {
	var flags ruleFlags
	var format, events string
	var alone bool
	c := &cobra.Command{
		Use:   "diff OLD NEW --events FILE",
		Short: "Show which events two sets of rules tag differently",
		Long: "diff tags the rows of a file with the rules of OLD and with those of NEW, each a rule or tuning file or a directory\n" +
			"of them, and prints the events whose tags, severities or scores change. It exits with 1 when there are any. The\n" +
			"built-in rules are part of both sets.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, paths []string) error {
			if events == "" {
				return exit(exitConfig, errors.New("give rows with --events FILE"))
			}
			var modules [2]*celrule.Module
			flags.Builtin = !alone
			flags.err = sayOnce(s.err)
			for i, path := range paths {
				var err error
				if modules[i], err = compiled(c.Context(), flags, []string{path}); err != nil {
					return err
				}
			}
			rows, err := readEvents(c.Context(), s, events)
			if err != nil {
				return err
			}
			changed, err := diff(c.Context(), modules, rows)
			if err != nil {
				return exit(exitStopped, err)
			}
			if format == "json" {
				err = writeJSON(s.out, changed)
			} else {
				err = writeChanges(s.out, changed, len(rows))
			}
			if err == nil && len(changed) > 0 {
				return &exitError{code: exitFindings}
			}
			return exit(exitRuntime, err)
		},
	}
	addFormat(c, &format)
	c.Flags().StringVar(&events, "events", "", "file with rows, one JSON object a line; - is standard input")
	flags.addContext(c)
	addNoBuiltin(c, &alone)
	return c
}

// sayOnce returns a place for the warnings of two sets that leaves out what was said about the first one.
func sayOnce(w io.Writer) func() io.Writer {
	once := &distinctWriter{to: w, said: map[string]bool{}}
	return func() io.Writer { return once }
}

// distinctWriter writes each text once.
type distinctWriter struct {
	to   io.Writer
	said map[string]bool
}

// Write writes p unless the same was written before.
func (w *distinctWriter) Write(p []byte) (int, error) {
	if w.said[string(p)] {
		return len(p), nil
	}
	w.said[string(p)] = true
	return w.to.Write(p)
}

// changedEvent is an event that two sets tag differently.
type changedEvent struct {
	EventID string       `json:"event_id"`
	Table   string       `json:"table"`
	Time    time.Time    `json:"time"`
	Changes []ruleChange `json:"changes"`
}

// ruleChange is how one rule's answer changed; a side that is empty had none.
type ruleChange struct {
	Rule string `json:"rule"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

func diff(ctx context.Context, modules [2]*celrule.Module, events []enrich.Event) ([]changedEvent, error) {
	changed := []changedEvent{}
	var tags [2][][]enrich.Tag
	for i, m := range modules {
		var err error
		if tags[i], err = m.Tag(ctx, events); err != nil {
			return nil, fmt.Errorf("tag the events: %w", err)
		}
	}
	for i := range events {
		if changes := compare(tags[0][i], tags[1][i]); len(changes) > 0 {
			changed = append(changed, changedEvent{events[i].ID, events[i].Table, events[i].Time, changes})
		}
	}
	return changed, nil
}

// compare lists the rules whose answers differ, in the order of their ids.
func compare(before, after []enrich.Tag) (changes []ruleChange) {
	answers := map[string]*ruleChange{}
	var ids []string
	add := func(tags []enrich.Tag, side func(*ruleChange) *string) {
		for i := range tags {
			id := tags[i].Rule
			if answers[id] == nil {
				answers[id] = &ruleChange{Rule: id}
				ids = append(ids, id)
			}
			text := side(answers[id])
			*text = strings.TrimPrefix(*text+"; "+answer(&tags[i]), "; ")
		}
	}
	add(before, func(c *ruleChange) *string { return &c.Old })
	add(after, func(c *ruleChange) *string { return &c.New })
	slices.Sort(ids)
	for _, id := range ids {
		if c := answers[id]; c.Old != c.New {
			changes = append(changes, *c)
		}
	}
	return changes
}

// answer is a tag in a few words.
func answer(t *enrich.Tag) string {
	switch {
	case t.Error != "":
		return "error: " + t.Error
	case t.Suppressed != "":
		return "suppressed: " + t.Suppressed
	}
	return fmt.Sprintf("%s %d", t.Severity, t.Score)
}

func writeChanges(w io.Writer, changed []changedEvent, all int) error {
	var b strings.Builder
	for _, e := range changed {
		fmt.Fprintf(&b, "event %s of %s, %s\n", e.EventID, e.Table, e.Time.UTC().Format(time.RFC3339))
		for _, c := range e.Changes {
			switch {
			case c.Old == "":
				fmt.Fprintf(&b, "  + %s: %s\n", c.Rule, c.New)
			case c.New == "":
				fmt.Fprintf(&b, "  - %s: %s\n", c.Rule, c.Old)
			default:
				fmt.Fprintf(&b, "  ~ %s: %s -> %s\n", c.Rule, c.Old, c.New)
			}
		}
	}
	fmt.Fprintf(&b, "%s of %d changed\n", diag.Count(len(changed), "event"), all)
	_, err := io.WriteString(w, b.String())
	return err
}
