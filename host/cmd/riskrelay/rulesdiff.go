package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/view"
)

func newRulesDiff(s streams) *cobra.Command {
	var flags ruleFlags
	var format, events string
	var of shapeFlag
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
			rows, err := of.readEvents(c.Context(), s, events)
			if err != nil {
				return err
			}
			changed, err := diff(c.Context(), modules, rows)
			if err != nil {
				return exit(exitStopped, err)
			}
			err = show(s.out, format, changed, view.ChangedText(changed, len(rows)))
			if err == nil && len(changed) > 0 {
				return &exitError{code: exitFindings}
			}
			return err
		},
	}
	addFormat(c, &format)
	c.Flags().StringVar(&events, "events", "", "file with rows, as Azure's tools write them; - is standard input")
	of.add(c)
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

func diff(ctx context.Context, modules [2]*celrule.Module, events []enrich.Event) ([]view.ChangedEvent, error) {
	var tags [2][][]enrich.Tag
	for i, m := range modules {
		var err error
		if tags[i], err = m.Tag(ctx, events); err != nil {
			return nil, fmt.Errorf("tag the events: %w", err)
		}
	}
	return view.Changed(events, tags[0], tags[1]), nil
}
