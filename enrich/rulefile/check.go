package rulefile

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Check looks at all files of a set together: an id, a list or a macro may stand there once, and the files of one
// pack must agree on its version. The order of packs has no meaning. It doesn't repeat what Parse found.
func Check(packs []*Pack) diag.Problems {
	c := checker{first: map[string]diag.Text{}, versions: map[string]diag.Text{}}
	for _, p := range inFileOrder(packs) {
		c.version(p)
		for _, l := range p.Lists {
			c.unique("list", l.Name)
		}
		for _, m := range p.Macros {
			c.unique("macro", m.Name)
		}
		for _, r := range p.Rules {
			c.unique("rule", r.ID)
		}
	}
	for _, p := range packs {
		c.replaced(p)
	}
	c.problems.Sort()
	return c.problems
}

// CheckGuide warns of rows of the guide that rules name and that are not among the known ones, such as
// credentials-added, or notes of a row, such as credentials-added/unused-type.
func CheckGuide(packs []*Pack, known []string) (problems diag.Problems) {
	for _, p := range packs {
		for _, r := range p.Rules {
			named := slices.Clone(r.Guide)
			for _, a := range r.Adjust {
				named = append(named, a.Guide...)
			}
			for _, row := range named {
				if slices.Contains(known, row.Value) {
					continue
				}
				problem := row.Problem(CodeGuide, 0, 0, fmt.Sprintf("the guide has no row `%s`", row.Value))
				problem.Severity = diag.Warning
				if problem.Suggestion = didYouMean(row.Value, known); problem.Suggestion == "" {
					problem.Suggestion = "known: " + strings.Join(known, ", ")
				}
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

// CheckTechniques warns about ATT&CK ids of rules and adjust steps that aren't among known.
func CheckTechniques(packs []*Pack, known []string) (problems diag.Problems) {
	for _, p := range packs {
		for _, r := range p.Rules {
			for _, id := range r.Mitre {
				if slices.Contains(known, id.Value) {
					continue
				}
				problem := id.Problem(CodeTechnique, 0, 0, fmt.Sprintf("riskrelay knows no ATT&CK technique `%s`", id.Value))
				problem.Severity = diag.Warning
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

type checker struct {
	first    map[string]diag.Text
	versions map[string]diag.Text
	problems diag.Problems
	near     hints
}

// unique reports a name that an earlier one of the same kind has.
func (c *checker) unique(kind string, name diag.Text) {
	if !name.Present() {
		return
	}
	key := kind + " " + name.Value
	if first, taken := c.first[key]; taken {
		p := name.Problem(CodeDuplicate, 0, 0, fmt.Sprintf("the %s `%s` exists already", kind, name.Value))
		p.Suggestion = fmt.Sprintf("the first one is at %s", first.Pos)
		if theirs(first.Pos.File) == 0 {
			p.Suggestion = fmt.Sprintf("it is built in (%s): choose another name, or leave the built-in rules out (--no-builtin)", first.Pos)
		}
		c.problems = append(c.problems, p)
		return
	}
	c.first[key] = name
}

// replaced looks for the rules that stand in for deprecated ones.
func (c *checker) replaced(p *Pack) {
	if p == nil {
		return
	}
	for _, r := range p.Rules {
		if _, known := c.first["rule "+r.ReplacedBy.Value]; r.ReplacedBy.Present() && !known {
			problem := r.ReplacedBy.Problem(CodeTarget, 0, 0, fmt.Sprintf("no rule is called `%s`", r.ReplacedBy.Value))
			problem.Suggestion = c.near.suggest(r.ReplacedBy.Value, c.rules())
			c.problems = append(c.problems, problem)
		}
	}
}

// rules are the ids of all rules.
func (c *checker) rules() iter.Seq[string] {
	return func(yield func(string) bool) {
		for key := range c.first {
			if id, ok := strings.CutPrefix(key, "rule "); ok && !yield(id) {
				return
			}
		}
	}
}

func (c *checker) version(p *Pack) {
	if !p.Name.Present() || !p.Version.Present() {
		return
	}
	first, known := c.versions[p.Name.Value]
	if !known {
		c.versions[p.Name.Value] = p.Version
		return
	}
	if first.Value != p.Version.Value {
		problem := p.Version.Problem(CodeConflict, 0, 0,
			fmt.Sprintf("pack `%s` has version %s here and %s elsewhere", p.Name.Value, p.Version.Value, first.Value))
		problem.Suggestion = fmt.Sprintf("the other one is at %s", first.Pos)
		c.problems = append(c.problems, problem)
	}
}

func inFileOrder(packs []*Pack) []*Pack {
	sorted := make([]*Pack, 0, len(packs))
	for _, p := range packs {
		if p != nil {
			sorted = append(sorted, p)
		}
	}
	slices.SortStableFunc(sorted, func(a, b *Pack) int {
		return cmp.Or(cmp.Compare(theirs(a.File), theirs(b.File)), cmp.Compare(a.File, b.File))
	})
	return sorted
}

// BuiltinPrefix begins the names of the files that come with the program. When one of them and another file can't both
// be right, the problem is at the other one, which its owner can change.
const BuiltinPrefix = "builtin/"

// theirs is 0 for a file that comes with the program, 1 for one of somebody else.
func theirs(file string) int {
	if strings.HasPrefix(file, BuiltinPrefix) {
		return 0
	}
	return 1
}
