package compile

import (
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// tune makes the changes of the tuning files to the score, and returns the severity with theirs. A severity alone takes
// the score along, as a step of adjust does.
func (r *Rule) tune(declared enrich.Severity) enrich.Severity {
	t := r.Declared.Tuned
	severity := declared
	if t.Severity.Present() {
		severity, _ = enrich.ParseSeverity(t.Severity.Value) // the tuning file was checked
		r.Score = max(0, min(100, r.Score+defaultScore(severity)-defaultScore(declared)))
	}
	if t.Score.Present() {
		r.Score = t.Score.Points
	}
	return severity
}

// Tuned are the parts of the rule that tuning files say something about.
func (r *Rule) Tuned() (parts []string) {
	t := r.Declared.Tuned
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"severity", t.Severity.Present()},
		{"score", t.Score.Present()},
		{"enabled", t.Enabled.Present()},
		{"exceptions", len(t.Exceptions) > 0},
	} {
		if part.set {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// switched says why the rule is off whatever the context holds, "" when it isn't.
func (r *Rule) switched() string {
	d := r.Declared
	switch {
	case d.Tuned.Enabled.Value == "false":
		return "disabled by the tuning " + d.Tuned.By
	case d.Tuned.Enabled.Value == "true", d.Status.Value != "deprecated":
		return ""
	case d.ReplacedBy.Present():
		return "deprecated, use " + d.ReplacedBy.Value
	}
	return "deprecated"
}

// untunedList is a list as the rule file has it.
func untunedList(declared *rulefile.List) *celval.List {
	return celval.NewSet(values(declared.Items), declared.CaseInsensitive)
}

// signature are the parameters of the macro, each with its type.
func (m *macro) signature() (out []string) {
	for i, name := range m.params {
		if m.types[i] != "" {
			name += " " + m.types[i]
		}
		out = append(out, name)
	}
	return out
}

// checkNeeds compares the parts of the context that the rule says it needs with those that its expressions use. What a
// step of adjust uses may be named, which makes the rule do without its match rather than without the step.
func (r *Rule) checkNeeds(compiled []*TableRule) (problems rulefile.Problems) {
	if len(r.Declared.Needs) == 0 {
		return nil
	}
	required, used, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, tr := range compiled {
		for need := range tr.Through(tr.expressions()...).Needs {
			required[need] = true
		}
		for need := range tr.Uses().Needs {
			used[need] = true
		}
	}
	for _, need := range r.Declared.Needs {
		if named[need.Value] = true; !used[need.Value] {
			p := need.Problem(CodeName, 0, 0, fmt.Sprintf("no expression of the rule uses `%s` of the context", need.Value))
			p.Suggestion = didYouMean(need.Value, names(used))
			problems = append(problems, p)
		}
	}
	for _, need := range names(required) {
		if !named[need] {
			problems = append(problems, r.Declared.Needs[0].Problem(CodeName, 0, 0, fmt.Sprintf("the rule needs `%s` of the context as well", need)))
		}
	}
	return problems
}
