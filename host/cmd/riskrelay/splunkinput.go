package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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

// loadInput reads the configuration of an input. The runner knows where it is and reads it again.
func loadInput(s streams, in modularinput.Input) (r runner, c config.Config, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, c, exit(exitRuntime, fmt.Errorf("find the add-on's folder: %w", err))
	}
	// The program is in ADD-ON/linux_x86_64/bin.
	r.path, err = inputPath(in.Settings[modularinput.ConfigFile], filepath.Dir(filepath.Dir(filepath.Dir(program))), os.Getenv("SPLUNK_HOME"))
	if err != nil {
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
	if c, err = r.load(); err == nil {
		err = levelInput(in.Settings[modularinput.LogLevel], &c)
	}
	return r, c, err
}

// levelInput has the configuration's log level replaced by the setting of the input, if it has one.
func levelInput(level string, c *config.Config) error {
	if level == "" {
		return nil
	}
	if known := []string{"error", "warn", "info", "debug"}; !slices.Contains(known, strings.ToLower(level)) {
		return exit(exitConfig, fmt.Errorf("%s: %q is none of %s", modularinput.LogLevel, level, strings.Join(known, ", ")))
	}
	c.Log.Level = strings.ToLower(level)
	return nil
}

// inputPath is the path that config_file names: absolute, below $SPLUNK_HOME, or below the add-on's folder.
func inputPath(name, addon, home string) (string, error) {
	path := os.Expand(name, func(variable string) string {
		if variable == "SPLUNK_HOME" {
			return home
		}
		return "$" + variable
	})
	switch {
	case name == "":
		return "", fmt.Errorf("%s: name riskrelay's configuration, such as local/riskrelay.yaml below the add-on's folder", modularinput.ConfigFile)
	case path != name && home == "":
		return "", fmt.Errorf("%s: %q: there is no SPLUNK_HOME in the environment", modularinput.ConfigFile, name)
	case !filepath.IsAbs(path):
		path = filepath.Join(addon, path)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s: %w", modularinput.ConfigFile, err)
	}
	return path, nil
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
	in, err := modularinput.ReadValidation(s.in)
	if err != nil {
		return exit(exitConfig, err)
	}
	s.secrets.Hold("splunkd's session key", in.SessionKey)
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
