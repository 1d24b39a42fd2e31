// Command riskrelay forwards Azure AD and Key Vault logs from Log Analytics to a SIEM, each event tagged with risk.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/view"
)

// The exit codes, the same for every command.
const (
	exitOK       = 0
	exitFindings = 1 // findings, or tests that failed
	exitRules    = 2 // rules that don't load
	exitConfig   = 3 // configuration or arguments
	exitRuntime  = 4 // something outside can't be reached or written
	exitStopped  = 130
)

func main() {
	args := commandLine(os.Args)
	os.Exit(interruptible(firstSignal(), lasts(args), os.Stderr, func(ctx context.Context) int {
		return execute(ctx, args, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	}))
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	secrets  *secret.Keeper // cleans what is written to err
}

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit gives err an exit code; an error that has one keeps it, files that others may change or read are always
// exitConfig.
func exit(code int, err error) error {
	if err == nil || errors.As(err, new(*exitError)) {
		return err
	}
	if errors.As(err, new(ownership.Problem)) { // whoever came across it
		code = exitConfig
	}
	return &exitError{code, err}
}

// ruleExit gives an error of loading rules its exit code: problems inside rule files are rule errors, those of the
// context file and files that can't be read are configuration errors.
func ruleExit(err error, context string) error {
	var problems diag.Problems
	if errors.As(err, &problems) {
		return exit(problemCode(problems, context), err)
	}
	return exit(exitConfig, err)
}

// problemCode is the exit code for problems, of which one at least is an error.
func problemCode(problems diag.Problems, context string) int {
	configuration := ruleset.ContextFiles(context)
	for _, p := range problems {
		if p.Severity == diag.Error && !slices.Contains(configuration, p.Pos.File) {
			return exitRules
		}
	}
	return exitConfig
}

// errInterrupted is what a command says that a signal ended.
var errInterrupted = errors.New("interrupted")

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, s streams) int {
	s.secrets = secret.NewKeeper()
	s.secrets.HoldEnvironment(os.LookupEnv)
	s.out, s.err = view.NewVisibleWriter(s.out), view.NewVisibleWriter(s.err)
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = exit(exitStopped, errInterrupted)
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(s.err, "riskrelay: "+s.secrets.Clean(text)) //nolint:errcheck // nobody is left to tell
	}
	if p := (ownership.Problem{}); errors.As(err, &p) && forRoot(p) {
		fmt.Fprintln(s.err, forRootHint) //nolint:errcheck // nobody is left to tell
	}
	return exitCodeOf(err)
}

// exitCodeOf is the exit code of an error that isn't nil.
func exitCodeOf(err error) int {
	if known := new(exitError); errors.As(err, &known) {
		return known.code
	}
	return exitConfig // cobra's own errors are about arguments
}

// group is a command that only has sub-commands; an unknown one is an error.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(commands...)
	return c
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "riskrelay",
		Short: "Forward Azure AD and Key Vault logs to a SIEM, each event tagged with risk",
		Long: "riskrelay queries Log Analytics, tags every event with risk by evaluating CEL rules, and forwards\n" +
			"every event, tagged or not, to Splunk HEC, Sumo Logic, syslog or a file.\n\n" +
			"Exit codes: 0 ok, 1 findings or failed tests, 2 rule errors, 3 configuration or arguments,\n" +
			"4 runtime or connectivity, 130 interrupted.",
		SilenceUsage: true, SilenceErrors: true,
		Version: thisBuild().Version,
	}
	root.SetVersionTemplate("riskrelay {{.Version}}\n")
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.AddCommand(
		newRun(s), newDemo(s), newValidate(s), newCheck(s), newStatus(s), newVerify(s), newBackfill(s), newDeadletter(s), newTag(s),
		newRules(s), newConfig(s), newModules(s), newModule(), newSplunkInput(s), newVersion(s),
	)
	root.AddCommand(documentation()...)
	complete(root)
	return root
}
