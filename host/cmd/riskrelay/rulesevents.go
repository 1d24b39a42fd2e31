package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/source/file"
)

// readEvents reads all rows of a file; "-" is standard input. A line that isn't a row is an error, as what was learned
// from the rest would be taken for the whole.
func readEvents(ctx context.Context, s streams, name string) ([]enrich.Event, error) {
	in := s.in
	if name != "-" {
		f, err := openRows(ctx, name)
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // it was only read
		in = f
	}
	var bad error
	rows := file.NewReader(in, name, func(e *file.LineError) error { bad = errors.Join(bad, e); return nil })
	var all []enrich.Event
	for {
		events, err := rows.Await(ctx)
		all = append(all, events...)
		switch {
		case errors.Is(err, io.EOF) && bad == nil && len(all) > 0:
			return all, nil
		case errors.Is(err, io.EOF) && bad == nil:
			return nil, exit(exitConfig, fmt.Errorf("%s has no rows", name))
		case errors.Is(err, io.EOF):
			return nil, exit(exitConfig, bad)
		case err != nil:
			return nil, stopped(ctx, exit(exitRuntime, err))
		}
	}
}

// compiled is a module with the rules of paths, the built-in ones when there are none.
func compiled(ctx context.Context, flags ruleFlags, paths []string) (*celrule.Module, error) {
	flags.Paths, flags.Builtin = paths, flags.Builtin || len(paths) == 0
	return flags.module(ctx)
}
