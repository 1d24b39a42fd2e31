package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
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
			var all any
			if len(args) == 1 {
				if err := l.known(loaded, args[0]); err != nil {
					return err
				}
				all, err = l.of(args[0])
			} else {
				all, err = l.sums()
			}
			if err != nil {
				return exit(exitRuntime, err)
			}
			if format == "json" {
				return writeJSON(s.out, all)
			}
			return exit(exitRuntime, writeLetters(s.out, all))
		},
	}
	addConfig(c, &l.path)
	addFormat(c, &format)
	l.addIDs(c)
	return c
}

// letterSum counts the letters of a sink with one reason.
type letterSum struct {
	Sink    string    `json:"sink"`
	Reason  string    `json:"reason"`
	Letters int       `json:"letters"`
	Oldest  time.Time `json:"oldest"`
	Newest  time.Time `json:"newest"`
}

func (l *letters) sums() ([]letterSum, error) {
	sinks, err := l.store.Sinks()
	if err != nil {
		return nil, err
	}
	all := []letterSum{}
	for _, sink := range sinks {
		at := map[string]int{}
		err := l.store.Each(sink, func(letter deadletter.Letter) error {
			i, known := at[letter.Reason]
			if !known {
				i, all = len(all), append(all, letterSum{Sink: sink, Reason: letter.Reason, Oldest: letter.Time})
				at[letter.Reason] = i
			}
			all[i].Letters++
			all[i].Newest = letter.Time
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// letterLine is one letter, without the event.
type letterLine struct {
	Time     time.Time `json:"time"`
	Attempts int       `json:"attempts"`
	Table    string    `json:"table,omitempty"`
	ID       string    `json:"event_id,omitempty"`
	Reason   string    `json:"reason"`
}

func (l *letters) of(sink string) ([]letterLine, error) {
	all, pick := []letterLine{}, l.pick()
	err := l.store.Each(sink, func(letter deadletter.Letter) error {
		if pick == nil || pick(&letter) {
			all = append(all, letterLine{letter.Time, letter.Attempts, letter.Table(), letter.ID(), letter.Reason})
		}
		return nil
	})
	return all, err
}

func writeLetters(w io.Writer, all any) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	switch all := all.(type) {
	case []letterSum:
		_, _ = fmt.Fprintln(t, "SINK\tLETTERS\tOLDEST\tNEWEST\tREASON")
		for _, sum := range all {
			_, _ = fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", plain(sum.Sink), sum.Letters, sum.Oldest.Format(time.RFC3339), sum.Newest.Format(time.RFC3339), plain(sum.Reason))
		}
	case []letterLine:
		_, _ = fmt.Fprintln(t, "REFUSED\tATTEMPTS\tTABLE\tEVENT_ID\tREASON")
		for _, one := range all {
			_, _ = fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", one.Time.Format(time.RFC3339), one.Attempts, plain(one.Table), plain(one.ID), plain(one.Reason))
		}
	}
	return t.Flush()
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
	l.addIDs(c)
	return c
}

func (l *letters) retry(ctx context.Context, s streams, c config.Config, sink string) error {
	all, err := l.of(sink)
	if err != nil {
		return exit(exitRuntime, err)
	}
	bar, sent := newBar(s.err, "letters tried", len(all)), 0
	out, err := host.RetryDeadLetters(ctx, c, l.store, sink, l.pick(), func(events int) {
		sent += events
		bar.show(sent)
	})
	bar.end()
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
	l.addIDs(c)
	c.Flags().BoolVar(&all, "all", false, "all letters of the sink")
	return c
}
