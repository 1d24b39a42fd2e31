package ruleset

import (
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// About are the options of a command that is about the files at paths, or about the embedded packs when there are none.
// The embedded packs are taken with paths as well, as ground: the files may tune them, use their lists and macros, and
// mustn't take their names. With alone, they aren't.
func About(paths []string, alone bool) Options {
	return Options{Builtin: len(paths) == 0 || !alone, Tests: len(paths) == 0, Paths: paths}
}

// Ground reports whether a file of the set, by its name, is only there because others build on it: an embedded one, when
// there are paths. Nothing is counted or tested in it.
func (o Options) Ground(file string) bool {
	return len(o.Paths)+len(o.Tuning) > 0 && strings.HasPrefix(file, rulefile.BuiltinPrefix)
}

// Said are the problems without the warnings about ground. Errors stay: the embedded packs have none by themselves, so
// that what was loaded with them is the cause.
func (o Options) Said(problems diag.Problems) (said diag.Problems) {
	for _, p := range problems {
		if p.Severity == diag.Error || !o.Ground(p.Pos.File) {
			said = append(said, p)
		}
	}
	return said
}

// ContextFiles are the names of the context file called name and of the files that its lists are read from; none for "".
// Mistakes in them are mistakes of the configuration, not of rules.
func ContextFiles(name string) []string {
	if name == "" {
		return nil
	}
	data, err := upTo(rulefile.MaxContext, fileReader(name))
	if err != nil {
		return []string{name} // whoever loads it says so
	}
	return append([]string{name}, rulefile.ContextReferences(name, data)...)
}
