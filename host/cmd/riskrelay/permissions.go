package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/secret"
)

// trust is how a command takes files that others may change or read.
type trust struct {
	path     string // of the configuration
	insecure bool   // what others may read is used, too
	early    bool   // secrets are refused by load: whoever reads them would try again and again, as a host must
}

// add adds the flags.
func (t *trust) add(c *cobra.Command) {
	addConfig(c, &t.path)
	c.Flags().BoolVar(&t.insecure, "insecure-permissions", false, "only warn about what others may change or read")
}

// load is loadConfig for commands that do, with the configuration and its secrets, what a host does. They warn of what judge
// finds, and secrets that others may read are refused, here or where they are read, unless the flag says otherwise.
func (t *trust) load(s streams, judge func(config.Config, string) ownership.Problems) (config.Config, error) {
	c, err := loadConfig(s, t.path)
	if err != nil {
		return c, err
	}
	problems := judge(c, t.path)
	if t.insecure {
		s.secrets.Tolerate = func(error) {} // it is among the problems
		warnPermissions(s.err, problems)
		return c, nil
	}
	var warn, refuse ownership.Problems
	for _, p := range problems {
		if p.Need == ownership.FromReading {
			refuse = append(refuse, p)
		} else {
			warn = append(warn, p)
		}
	}
	warnPermissions(s.err, warn)
	if t.early && len(refuse) > 0 {
		return c, refused(refuse)
	}
	return c, nil
}

func refused(problems ownership.Problems) error {
	return exit(exitConfig, fmt.Errorf("others may change or read what riskrelay trusts (--insecure-permissions would run all the same):\n%w", problems))
}

// guard is load for a host, which refuses whatever others may change or read, or logs it, also later, where o isn't guarded.
func guard(c config.Config, path string, o host.Options, secrets *secret.Keeper) error {
	problems := permissions(c, path)
	if len(problems) > 0 && o.Guarded {
		return refused(problems)
	}
	told := map[string]bool{}
	for _, p := range problems {
		told[p.Path+p.What] = true
		o.Log.Warn(p.Error())
	}
	if o.Guarded {
		return nil
	}
	secrets.Tolerate = func(problem error) {
		if p := (ownership.Problem{}); errors.As(problem, &p) && !told[p.Path+p.What] {
			o.Log.Warn(problem)
		}
	}
	return nil
}

// permissions are the problems of a configuration and its rules, each once. Rules that can't be loaded are judged as far
// as they could be read.
func permissions(c config.Config, path string) ownership.Problems {
	problems := host.Permissions(c, path)
	set, _, _ := ruleset.Gather(c.RuleOptions()) //nolint:dogsled // whoever loads them says what is wrong with them
	for _, p := range rulehost.Permissions(c.RuleOptions(), set) {
		if !slices.ContainsFunc(problems, func(other ownership.Problem) bool { return other.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	return problems
}

// maxShownPermissions is how many warnings about files are printed.
const maxShownPermissions = 20

// warnPermissions prints what others may do to files, as warnings: of a folder and what is below it the folder, where the
// same is wrong with both.
func warnPermissions(w io.Writer, problems ownership.Problems) {
	problems = slices.DeleteFunc(slices.Clone(problems), func(p ownership.Problem) bool {
		return slices.ContainsFunc(problems, func(above ownership.Problem) bool {
			return above.What == p.What && strings.HasPrefix(p.Path, above.Path+"/")
		})
	})
	for _, p := range problems[:min(len(problems), maxShownPermissions)] {
		fmt.Fprintln(w, "warning: "+p.Error()) //nolint:errcheck // nobody is left to tell
	}
	if slices.ContainsFunc(problems, forRoot) {
		fmt.Fprintln(w, forRootHint) //nolint:errcheck // nobody is left to tell
	}
	if more := len(problems) - maxShownPermissions; more > 0 {
		fmt.Fprintf(w, "warning: %s more can be changed by others\n", diag.Count(more, "file")) //nolint:errcheck // nobody is left to tell
	}
}

// forRootHint is for somebody who calls a command as root, though the host runs as another user, and would take its files away.
const forRootHint = "note: this was judged for root, who runs this command: if riskrelay runs as another user, call it as that one before you change anything"

// forRoot reports whether a problem may be none for the user as whom the host runs.
func forRoot(p ownership.Problem) bool {
	return os.Geteuid() == 0 && (p.Owner != "root" || p.Group != "root")
}

// warnRules is warnPermissions for rules that a command was told to take.
func warnRules(w func() io.Writer, o ruleset.Options, set enrich.Config) {
	if problems := rulehost.Permissions(o, set); len(problems) > 0 {
		warnPermissions(w(), problems)
	}
}
