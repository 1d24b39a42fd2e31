package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// unused gathers, while a set is compiled, what is declared in it and does nothing.
type unused struct {
	used     Uses // by any rule
	problems diag.Problems
}

// rule looks at the lets and the tests of a rule, which was compiled for all its tables. What runs of it uses what
// running says.
func (i *unused) rule(r *rulefile.Rule, running Uses, compiled []*TableRule) {
	used := running
	if slices.ContainsFunc(compiled, func(tr *TableRule) bool { return len(tr.unfilled) > 0 }) {
		used = newUses()
		used.add(running)
		for _, tr := range compiled {
			used.add(tr.Through(tr.unfilled...))
		}
	}
	i.used.add(used)
	for _, let := range r.Let {
		if !used.Lets[let.Name.Value] {
			i.report(let.Name, CodeUnused, fmt.Sprintf("no expression of the rule uses the let `%s`", let.Name.Value), "")
		}
	}
	for _, t := range slices.Concat(r.Tests, r.Tuned.Tests) {
		for _, pin := range t.Pins {
			i.pin(r, pin, used)
		}
	}
}

// pin looks at a name that the context of a test gives something to. A baseline is named by the rule, or by what it asks
// for.
func (i *unused) pin(r *rulefile.Rule, pin rulefile.Pin, used Uses) {
	name := pin.Name.Value
	if used.Needs[pin.Part+"."+name] || pin.Part == "seen" && r.FirstSeen != nil && name == r.ID.Value {
		return
	}
	var known []string
	for need := range used.Needs {
		if asked, ok := strings.CutPrefix(need, pin.Part+"."); ok {
			known = append(known, asked)
		}
	}
	if pin.Part == "seen" && r.FirstSeen != nil {
		known = append(known, r.ID.Value)
	}
	suggestion := didYouMean(name, sorted(known))
	if used.Lists[name] && pin.Part == "lists" {
		suggestion = fmt.Sprintf("lists.%s is a list of the rule files, which no context changes", name)
	}
	i.report(pin.Name, CodePinned, fmt.Sprintf("the rule `%s` doesn't ask for `%s.%s` of the context", r.ID.Value, pin.Part, name), suggestion)
}

// Unused are warnings about what the packs declare and nothing uses, when all rules have been compiled.
func (l *Language) Unused(packs []*rulefile.Pack) diag.Problems { return l.unused.files(packs) }

// files looks at the lists and macros of all files, when the rules have been looked at.
func (i *unused) files(packs []*rulefile.Pack) diag.Problems {
	for _, p := range packs {
		for _, l := range p.Lists {
			if !i.used.Lists[l.Name.Value] {
				i.report(l.Name, CodeUnused, fmt.Sprintf("no rule uses the list `%s`", l.Name.Value), "")
			}
		}
		for _, m := range p.Macros {
			if !i.used.Macros[m.Name.Value] {
				i.report(m.Name, CodeUnused, fmt.Sprintf("no rule uses the macro `%s`", m.Name.Value), "")
			}
		}
	}
	i.problems.Sort()
	return i.problems
}

func (i *unused) report(at diag.Text, code, message, suggestion string) {
	p := at.Problem(code, 0, 0, message)
	p.Severity, p.Suggestion = diag.Warning, suggestion
	i.problems = append(i.problems, p)
}
