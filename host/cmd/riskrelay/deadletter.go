package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/view"
)

func newDeadletter(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "deadletter",
		Short: "See, send again or drop what sinks refused for good",
		Long: "Events that a sink refuses for good are kept in data_dir/dead with the receiver's words. These commands work beside a\n" +
			"running host. See why with list; correct the receiver or the sink's configuration; then retry. Under \"shortened SINK\" are\n" +
			"whole copies of events that a sink took, but shortened, as they are too long for it: nothing is to be sent again.",
	}
	c.AddCommand(newDeadletterList(s), newDeadletterRetry(s), newDeadletterDrop(s))
	return c
}

// letters is what the commands about dead letters share.
type letters struct {
	path  string // of the configuration
	ids   []string
	store *deadletter.Store
}

func (l *letters) open(s streams) (config.Config, error) {
	c, err := loadConfig(s, l.path)
	if err != nil {
		return c, err
	}
	l.store = host.DeadLetters(c)
	return c, nil
}

// pick tells the letters of the events that were asked for; nil means all.
func (l *letters) pick() func(*deadletter.Letter) bool {
	if len(l.ids) == 0 {
		return nil
	}
	return func(letter *deadletter.Letter) bool { return slices.Contains(l.ids, letter.ID()) }
}

// known refuses the name of a sink that the configuration doesn't have and that has no letters either: it is a slip.
func (l *letters) known(c config.Config, sink string) error {
	with, err := l.store.Sinks()
	if err != nil {
		return exit(exitRuntime, err)
	}
	all := append(with, c.Sinks.Names()...)
	slices.Sort(all)
	if all = slices.Compact(all); !slices.Contains(all, sink) {
		return exit(exitConfig, fmt.Errorf("%w %q: there are %s", host.ErrUnknownSink, sink, strings.Join(all, ", ")))
	}
	return nil
}

func (l *letters) addIDs(c *cobra.Command) {
	c.Flags().StringArrayVar(&l.ids, "id", nil, "only the letters of the event with this event_id; may be given several times")
}

func newDeadletterList(s streams) *cobra.Command {
	var l letters
	var format string
	c := &cobra.Command{
		Use:   "list [SINK]",
		Short: "Count the dead letters of each sink by reason, or list those of one sink",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			loaded, err := l.open(s)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if err := l.known(loaded, args[0]); err != nil {
					return err
				}
				all, err := view.LettersOf(l.store, args[0], l.pick())
				if err != nil {
					return exit(exitRuntime, err)
				}
				return show(s.out, format, all, view.LettersText(all))
			}
			all, err := view.SumsOfLetters(l.store)
			if err != nil {
				return exit(exitRuntime, err)
			}
			return show(s.out, format, all, view.SumsText(all))
		},
	}
	addConfig(c, &l.path)
	c.ValidArgsFunction = sinkNames
	addFormat(c, &format)
	l.addIDs(c)
	return c
}

// missed is an error when ids were asked for and no letter has one of them.
func (l *letters) missed(sink string, found int) error {
	if len(l.ids) == 0 || found > 0 {
		return nil
	}
	return exit(exitFindings, fmt.Errorf("%s has no letter of these events: see `riskrelay deadletter list %q`", sink, sink))
}

func newDeadletterRetry(s streams) *cobra.Command {
	var l letters
	t := trust{early: true}
	c := &cobra.Command{
		Use:   "retry SINK",
		Short: "Send dead letters again, through the sink as it is configured now",
		Long: "retry sends letters again. Those that the sink confirms are gone; those that it refuses again stay, with the new\n" +
			"reason, and the exit code is 1. An event that was refused because its sink was misconfigured has the same event_id as\n" +
			"before.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := t.load(s, host.Permissions)
			if err != nil {
				return err
			}
			l.store = host.DeadLetters(loaded)
			return l.retry(c.Context(), s, loaded, args[0])
		},
	}
	t.add(c)
	c.ValidArgsFunction = sinkNames
	l.addIDs(c)
	return c
}

func (l *letters) retry(ctx context.Context, s streams, c config.Config, sink string) error {
	all, err := view.LettersOf(l.store, sink, l.pick())
	if err != nil {
		return exit(exitRuntime, err)
	}
	bar, sent := view.NewBar(s.err, "letters tried"), 0
	out, err := host.RetryDeadLetters(ctx, c, l.store, sink, l.pick(), func(events int) {
		sent += events
		bar.Show(sent, len(all))
	})
	bar.End()
	if errors.Is(err, host.ErrUnknownSink) {
		return exit(exitConfig, err)
	}
	fmt.Fprintf(s.out, "%s delivered, %d refused again, %d left\n", diag.Count(out.Gone, "letter"), out.Refused, out.Refused+out.Left) //nolint:errcheck // nobody is left to tell
	switch {
	case err != nil:
		return exit(exitRuntime, err)
	case out.Refused > 0:
		return exit(exitFindings, fmt.Errorf("%s refused some of them again: see `riskrelay deadletter list %q`", sink, sink))
	}
	return l.missed(sink, out.Gone)
}

func newDeadletterDrop(s streams) *cobra.Command {
	var l letters
	var all bool
	c := &cobra.Command{
		Use:   "drop SINK {--all | --id ID}",
		Short: "Remove dead letters for good",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if all == (len(l.ids) > 0) {
				return exit(exitConfig, errors.New("say which letters are lost for good: --all, or --id with their event_ids"))
			}
			loaded, err := l.open(s)
			if err == nil {
				err = l.known(loaded, args[0])
			}
			if err != nil {
				return err
			}
			out, err := l.store.Drop(args[0], l.pick())
			if err != nil {
				return exit(exitRuntime, err)
			}
			fmt.Fprintf(s.out, "%s dropped, %d left\n", diag.Count(out.Gone, "letter"), out.Left) //nolint:errcheck // nobody is left to tell
			return l.missed(args[0], out.Gone)
		},
	}
	addConfig(c, &l.path)
	c.ValidArgsFunction = sinkNames
	l.addIDs(c)
	c.Flags().BoolVar(&all, "all", false, "all letters of the sink")
	return c
}
