package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/view"
)

func newCheck(s streams) *cobra.Command {
	return group("check", "Go online and say what is wrong with sources or sinks, and what to do", newCheckSource(s), newCheckSink(s))
}

func newCheckSource(s streams) *cobra.Command {
	var t trust
	var format, table string
	c := &cobra.Command{
		Use:   "source",
		Short: "Check credential, network, certificate, workspace, role, clock and tables",
		Long: "check source goes the way of a query and says of each step whether it works: DNS, TCP, TLS, the token, the workspace, the\n" +
			"role, the clock, and of each table whether it has rows and how late they arrive. The exit code is 4 when something is a\n" +
			"problem. Tables that are missing or empty are a warning while others have rows, and a problem with --table.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := t.load(s, host.Permissions)
			if err != nil {
				return err
			}
			return showChecks(c.Context(), s, format, func(show func(checkup.Report) error) error {
				err := host.CheckSources(c.Context(), loaded, table, show)
				if errors.Is(err, host.ErrTable) {
					return exit(exitConfig, err)
				}
				return err
			})
		},
	}
	t.add(c)
	addFormat(c, &format)
	c.Flags().StringVar(&table, "table", "", "look at this table only, which may also be one that the configuration doesn't name")
	return c
}

func newCheckSink(s streams) *cobra.Command {
	var t trust
	var format string
	var quiet bool
	c := &cobra.Command{
		Use:   "sink [NAME]",
		Short: "Check network, certificate, token, index and acknowledgement of a sink, or of all",
		Long: "check sink goes the way of an event and says of each step whether it works. It sends one event of the table " + checkup.Table + ", which\n" +
			"says that it is a test, but never to files. The exit code is 4 when something is a problem.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := t.load(s, host.Permissions)
			if err != nil {
				return err
			}
			return showChecks(c.Context(), s, format, func(show func(checkup.Report) error) error {
				return checkSinks(c.Context(), args, func(ctx context.Context, name string) error {
					return host.CheckSinks(ctx, loaded, name, !quiet, show)
				})
			})
		},
	}
	t.add(c)
	c.ValidArgsFunction = sinkNames
	addFormat(c, &format)
	c.Flags().BoolVar(&quiet, "no-send", false, "send no test event")
	return c
}

func checkSinks(ctx context.Context, args []string, check func(context.Context, string) error) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	err := check(ctx, name)
	if errors.Is(err, host.ErrUnknownSink) {
		return exit(exitConfig, err)
	}
	return err
}

// showChecks prints reports as they come, or all at the end as JSON. Problems are a runtime error. What was found while ctx ended
// isn't shown: it is about the end.
func showChecks(ctx context.Context, s streams, format string, check func(show func(checkup.Report) error) error) error {
	all, problems := []checkup.Report{}, 0
	err := check(func(r checkup.Report) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		all = append(all, r)
		for _, step := range r.Steps {
			if step.Level == checkup.Problem {
				problems++
			}
		}
		if format == "json" {
			return nil
		}
		_, err := io.WriteString(s.out, view.Checkup(r))
		return err
	})
	if err == nil && format == "json" {
		err = writeJSON(s.out, all)
	}
	if err != nil {
		return exit(exitRuntime, err)
	}
	if problems > 0 {
		return exit(exitRuntime, fmt.Errorf("%s found", diag.Count(problems, "problem")))
	}
	return nil
}
