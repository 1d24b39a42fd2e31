package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/file"
)

// gather reads the files at paths and what belongs to them. The problems of files that can't be read are unread.
func (s *subject) gather(paths []string) (config enrich.Config, unread diag.Problems, err error) {
	if s.alone && len(paths) == 0 {
		return config, nil, exit(exitConfig, errors.New("--no-builtin leaves nothing to look at: name rule files"))
	}
	s.Options = ruleset.About(paths, s.alone)
	s.Context = s.context
	if config, unread, err = ruleset.Gather(s.Options); err != nil {
		return config, nil, exit(exitConfig, err)
	}
	warnRules(s.err, s.Options, config)
	if s.files(config)+len(unread) == 0 {
		return config, nil, exit(exitConfig, fmt.Errorf("no rule files (*.yaml) in %s", strings.Join(paths, ", ")))
	}
	return config, unread, nil
}

// tests are the options for running the tests of the files at paths on the CEL module.
func (s *subject) tests(paths []string) (ruletest.Options, error) {
	config, unread, err := s.gather(paths)
	if err == nil {
		err = exit(exitConfig, unread.Err())
	}
	return s.testOptions(config), err
}

func (s *subject) testOptions(config enrich.Config) ruletest.Options {
	settings, _ := rulefile.ParseSettings("settings", config.Settings) // package ruleset wrote them
	shared := celrule.New()
	return ruletest.Options{
		Files: config.Files, Ground: s.Ground, Context: s.Context, Unread: settings.Unread,
		New: func() enrich.Module { return shared.Fresh() }, Open: s.Open,
	}
}

// verdict is the exit code for a report of tests.
func (s *subject) verdict(r *ruletest.Report) error {
	switch {
	case r.Problems.HasErrors():
		return &exitError{code: problemCode(r.Problems, s.Context)}
	case r.Failed > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}

// compiled is a module with the rules of paths, the built-in ones when there are none.
func compiled(ctx context.Context, flags ruleFlags, paths []string) (*celrule.Module, error) {
	flags.Paths, flags.Builtin = paths, flags.Builtin || len(paths) == 0
	return flags.module(ctx)
}

// shapeFlag is the flag that says what a file of events is.
type shapeFlag string

func (f *shapeFlag) add(c *cobra.Command) {
	var kinds strings.Builder
	for _, k := range shape.Kinds() {
		fmt.Fprintf(&kinds, "\n%s: %s", k, k.About())
	}
	c.Flags().StringVar((*string)(f), "shape", "", "what the file is, where its beginning doesn't tell:"+kinds.String())
	_ = c.RegisterFlagCompletionFunc("shape", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var all []string
		for _, k := range shape.Kinds() {
			all = append(all, string(k))
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}) // it fails for unknown flags only
}

// kind is what the flag says.
func (f shapeFlag) kind() (shape.Kind, error) {
	k := shape.Kind(f)
	if k == "" || slices.Contains(shape.Kinds(), k) {
		return k, nil
	}
	var names []string
	for _, known := range shape.Kinds() {
		names = append(names, string(known))
	}
	text := fmt.Sprintf("--shape: there is no shape %q", f)
	if near := diag.Suggest(string(f), names); near != "" {
		text += fmt.Sprintf(": did you mean %s?", near)
	}
	return "", exit(exitConfig, fmt.Errorf("%s; there are %s", text, strings.Join(names, ", ")))
}

// rows is a reader of events that says on errs what it takes the file for.
func (f shapeFlag) rows(in io.Reader, name string, errs io.Writer, bad func(*file.LineError) error) (*file.Reader, error) {
	kind, err := f.kind()
	if err != nil {
		return nil, err
	}
	rows := file.NewReader(in, name, bad)
	rows.Kind, rows.Eager = kind, name == "-"
	rows.Took = func(about string) {
		fmt.Fprintf(errs, "%s is read as %s\n", name, about) //nolint:errcheck // nobody is left to tell
	}
	return rows, nil
}

// unreadable is the error of a file that can't be read: its own fault, or that of the disk.
func unreadable(ctx context.Context, err error) error {
	switch {
	case errors.As(err, new(*shape.UnknownError)):
		err = exit(exitConfig, fmt.Errorf("%w. If it is one of these, say which with --shape", err))
	case errors.As(err, new(*shape.PackedError)):
		err = exit(exitConfig, err)
	default:
		err = exit(exitRuntime, err)
	}
	return stopped(ctx, err)
}

// readEvents reads all events of a file; "-" is standard input. What isn't a row is an error, as what was learned from the rest would
// be taken for the whole.
func (f shapeFlag) readEvents(ctx context.Context, s streams, name string) ([]enrich.Event, error) {
	in := s.in
	if name != "-" {
		opened, err := openRows(ctx, name)
		if err != nil {
			return nil, err
		}
		defer opened.Close() //nolint:errcheck // it was only read
		in = opened
	}
	var bad badLines
	rows, err := f.rows(in, name, s.err, bad.add)
	if err != nil {
		return nil, err
	}
	var all []enrich.Event
	for {
		events, err := rows.Await(ctx)
		all = append(all, events...)
		switch {
		case errors.Is(err, io.EOF) && bad.n == 0 && len(all) > 0:
			return all, nil
		case errors.Is(err, io.EOF) && bad.n == 0:
			return nil, exit(exitConfig, fmt.Errorf("%s has no rows", name))
		case errors.Is(err, io.EOF):
			return nil, exit(exitConfig, bad.err())
		case err != nil:
			return nil, unreadable(ctx, err)
		}
	}
}

// badLines are lines that aren't rows, of which the first maxShownLines are named.
type badLines struct {
	n     int
	shown error
}

func (b *badLines) add(e *file.LineError) error {
	if b.n++; b.n <= maxShownLines {
		b.shown = errors.Join(b.shown, e)
	}
	return nil
}

func (b *badLines) err() error {
	if left := b.n - maxShownLines; left > 0 {
		return errors.Join(b.shown, fmt.Errorf("%s can't be read as a row either", diag.Count(left, "more line")))
	}
	return b.shown
}
