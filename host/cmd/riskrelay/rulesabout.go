package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host/ruleset"
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
