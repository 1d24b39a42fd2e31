package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// guard refuses a configuration whose files others may change or read, or logs what is wrong where o isn't guarded.
func guard(c config.Config, path string, o host.Options) error {
	problems := permissions(c, path)
	if len(problems) > 0 && o.Guarded {
		return exit(exitConfig, fmt.Errorf("others may change or read what riskrelay trusts (--insecure-permissions would run all the same):\n%w", problems))
	}
	for _, p := range problems {
		o.Log.Warn(p.Error())
	}
	return nil
}

// permissions are the problems of a configuration and its rules, each once. Rules that can't be loaded are judged as far
// as they could be read.
func permissions(c config.Config, path string) ownership.Problems {
	problems := host.Permissions(c, path)
	set, _, _ := ruleset.Gather(c.RuleOptions()) //nolint:dogsled // whoever loads them says what is wrong with them
	for _, p := range host.RulePermissions(c.RuleOptions(), set) {
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
	if more := len(problems) - maxShownPermissions; more > 0 {
		fmt.Fprintf(w, "warning: %s more can be changed by others\n", rulefile.Count(more, "file")) //nolint:errcheck // nobody is left to tell
	}
}

// warnRules is warnPermissions for rules that a command was told to take.
func warnRules(w func() io.Writer, o ruleset.Options, set enrich.Config) {
	if problems := host.RulePermissions(o, set); len(problems) > 0 {
		warnPermissions(w(), problems)
	}
}
