package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/modularinput"
	"github.com/riskrelay/riskrelay/host/view"
)

const (
	splunkInput = "splunk-input" // the command
	// inputName is the program's name in Splunk's add-on, where splunkd takes a program's name for that of its kind of input.
	inputName = "riskrelay_input"
)

// commandLine are the arguments behind the program's name. Splunkd starts a modular input without a command, so under
// that name what splunkd calls is splunk-input; anything else is as always, so that `riskrelay_input status` works there, too.
func commandLine(args []string) []string {
	name, rest := args[0], args[1:]
	calls := [][]string{{}, {"--scheme"}, {"--validate-arguments"}}
	if filepath.Base(name) != inputName || !slices.ContainsFunc(calls, func(c []string) bool { return slices.Equal(c, rest) }) {
		return rest
	}
	return append([]string{splunkInput}, rest...)
}

func newSplunkInput(s streams) *cobra.Command {
	var scheme, validation bool
	c := &cobra.Command{
		Use:   splunkInput,
		Short: "Run as a modular input of Splunk, which splunkd starts",
		Long: splunkInput + " is `run` for splunkd, as Splunk's add-on has it: it reads XML from standard input that names a configuration\n" +
			"(config_file), logs with the level first, and keeps what it must remember in splunkd's folder for checkpoints where the\n" +
			"configuration has no data_dir. It ends on SIGTERM, and when splunkd is gone. Splunkd starts what ends at once, so a\n" +
			"run that failed waits for half a minute.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case scheme:
				_, err := io.WriteString(s.out, modularinput.Scheme)
				return exit(exitRuntime, err)
			case validation:
				return validateInput(c.Context(), s)
			}
			return runInput(c.Context(), s)
		},
	}
	c.Flags().BoolVar(&scheme, "scheme", false, "print which settings an input has, as XML")
	c.Flags().BoolVar(&validation, "validate-arguments", false, "check the input that is read as XML; what is wrong is printed as XML")
	c.MarkFlagsMutuallyExclusive("scheme", "validate-arguments")
	return c
}

// readInput reads which input it is from standard input. It waits no longer than until ctx ends.
func readInput(ctx context.Context, s streams, read func(io.Reader) (modularinput.Input, error)) (modularinput.Input, error) {
	var in modularinput.Input
	done := make(chan error, 1)
	go func() {
		var err error
		in, err = read(s.in)
		done <- err
	}()
	select {
	case err := <-done:
		s.secrets.Hold("splunkd's session key", in.SessionKey)
		return in, exit(exitConfig, err)
	case <-ctx.Done():
		return modularinput.Input{}, ctx.Err()
	}
}

// loadInput reads the configuration of an input. The runner knows where it is and reads it again.
func loadInput(s streams, in modularinput.Input) (r runner, c config.Config, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, c, exit(exitRuntime, fmt.Errorf("find the add-on's folder: %w", err))
	}
	if r.path, err = in.ConfigPath(program, os.Getenv("SPLUNK_HOME")); err != nil {
		return r, c, exit(exitConfig, err)
	}
	r.load = func() (config.Config, error) {
		defaults := config.Defaults()
		defaults.DataDir = in.DataDir()
		c, err := config.LoadOver(defaults, r.path, os.LookupEnv)
		c.Use(s.secrets)
		if err == nil && slices.Contains(c.Sources.Files, "-") {
			err = fmt.Errorf("%s: sources.files: \"-\" is standard input, which is splunkd's here: name a file", r.path)
		}
		return c, exit(exitConfig, err)
	}
	level, err := in.Level()
	if err != nil {
		return r, c, exit(exitConfig, err)
	}
	if c, err = r.load(); level != "" {
		c.Log.Level = level
	}
	return r, c, err
}

// validateInput checks an input as `validate` checks a configuration, and refuses what others may change, as a run would. What
// is wrong is written for splunkd.
func validateInput(ctx context.Context, s streams) error {
	err := checkInput(ctx, s)
	if err == nil {
		return nil
	}
	if write := modularinput.WriteError(s.out, s.secrets.Clean(err.Error())); write != nil {
		return exit(exitRuntime, write)
	}
	return &exitError{code: exitCodeOf(err)}
}

func checkInput(ctx context.Context, s streams) error {
	in, err := readInput(ctx, s, modularinput.ReadValidation)
	if err != nil {
		return err
	}
	r, c, err := loadInput(s, in)
	if err != nil {
		return err
	}
	if problems := permissions(c, r.path); len(problems) > 0 {
		return refused(problems)
	}
	var remarks bytes.Buffer
	log := view.NewSplunkdLog(s.err, c.Log.Level, s.secrets.Clean)
	s.out, s.err = io.Discard, &remarks
	err = validate(ctx, s, c)
	for _, remark := range append(in.Misspelt(), remarks.String()) {
		if remark != "" {
			log.Warn(remark)
		}
	}
	return err
}

// inputPause is how long an input that failed waits before it ends: with interval = 0 splunkd starts it again at once.
const inputPause = 30 * time.Second

// runInput runs an input until splunkd ends it.
func runInput(ctx context.Context, s streams) error {
	// When splunkd is gone nobody reads the log, and what was read shall be delivered all the same. Ignored signals would stay
	// ignored in rule modules; caught ones don't.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log := view.NewSplunkdLog(s.err, "", s.secrets.Clean)
	in, err := readInput(ctx, s, modularinput.ReadRun)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil { // this isn't splunkd
		log.Error(err)
		return &exitError{code: exitCodeOf(err)}
	}
	for _, remark := range in.Misspelt() {
		log.Warn(remark)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	err = moveInput(ctx, end, s, in)
	switch {
	case ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)):
		return nil
	case err != nil:
		log.Error(err)
		select {
		case <-time.After(inputPause):
		case <-ctx.Done():
		}
		return &exitError{code: exitCodeOf(err)}
	}
	log.Info("the files were read to their end, and there is no workspace: nothing is done until splunkd ends this input")
	<-ctx.Done()
	return nil
}

// moveInput runs the host of an input. End ends ctx.
func moveInput(ctx context.Context, end func(), s streams, in modularinput.Input) error {
	r, c, err := loadInput(s, in)
	if err != nil {
		return err
	}
	log := view.NewSplunkdLog(s.err, c.Log.Level, s.secrets.Clean)
	out, _ := view.Unescaped(s.out).(*os.File) // nil where it is none
	splunkd := modularinput.Watch(ctx, s.in, out, func(why string) { log.Info(why + ": ending"); end() })
	r.options, r.began = host.Options{Log: log, Stdout: s.out, Guarded: true}, splunkd.Began
	return r.run(ctx, c, s.secrets)
}
