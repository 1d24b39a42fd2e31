package compile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// expressions are those without which a match can't be told: all but the lets and the adjust steps.
func (r *TableRule) expressions() []*Expression {
	out := []*Expression{r.When}
	for _, p := range r.Message {
		if p.Expr != nil {
			out = append(out, p.Expr)
		}
	}
	for _, o := range r.Objects {
		out = append(out, o.Value)
	}
	return out
}

// Through are the uses of the expressions and of the lets that they use.
func (r *TableRule) Through(expressions ...*Expression) Uses {
	u := newUses()
	for _, e := range expressions {
		u.add(e.uses)
	}
	for i := len(r.Lets) - 1; i >= 0; i-- { // a let uses only those before it
		if u.Lets[r.Lets[i].Name] {
			u.add(r.Lets[i].uses)
		}
	}
	return u
}

// Uses are the uses of the whole rule.
func (r *TableRule) Uses() Uses {
	all := r.expressions()
	for _, s := range r.Adjust {
		all = append(all, s.When)
	}
	u := r.Through(append(all, r.stateful()...)...)
	if r.FirstSeen != nil {
		u.Columns[event.TimeColumn] = true
	}
	return u
}

func (r *TableRule) settleNeeds() {
	needs := r.Through(r.expressions()...).Needs
	for _, named := range r.Declared.Needs {
		needs[named.Value] = true
	}
	r.needs = names(needs)
	for i := range r.Adjust {
		r.Adjust[i].needs = names(r.Through(r.Adjust[i].When).Needs)
	}
	for i := range r.Exceptions {
		r.Exceptions[i].needs = names(r.Through(r.Exceptions[i].Fields...).Needs)
	}
}

// noteNeeds notes what the rule needs of the context in any of its tables.
func (r *Rule) noteNeeds(compiled []*TableRule) {
	needs, optional := map[string]bool{}, map[string]bool{}
	for _, tr := range compiled {
		for _, need := range tr.needs {
			needs[need] = true
		}
		for _, step := range tr.Adjust {
			for _, need := range step.needs {
				optional[need] = true
			}
		}
	}
	maps.DeleteFunc(optional, func(need string, _ bool) bool { return needs[need] })
	r.Required, r.Optional = names(needs), names(optional)
}

// settle leaves out the adjust steps and exceptions for which known lacks something, and takes over the keys of first_seen that
// it pins.
func (r *TableRule) settle(known *event.Context) {
	r.Adjust = slices.DeleteFunc(r.Adjust, func(st Step) bool { return r.leavesOut(AdjustKey(st.Number), known.Why(known.Lacks(st.needs))) })
	r.Exceptions = slices.DeleteFunc(r.Exceptions, func(x Exception) bool { return r.leavesOut(ExceptionKey(x.Name), known.Why(known.Lacks(x.needs))) })
	if r.FirstSeen != nil {
		r.FirstSeen.Pinned = pin(known.Seen[r.Info.ID])
	}
}

// leavesOut notes that a part of the rule lacks something of the context, and reports it.
func (r *TableRule) leavesOut(part, reason string) bool {
	if reason == "" {
		return false
	}
	r.LeftOut = append(r.LeftOut, part+" "+reason)
	return true
}

// checkNeeds compares the parts of the context that the rule says it needs with those that its expressions use. What a
// step of adjust uses may be named, which makes the rule do without its match rather than without the step.
func (r *Rule) checkNeeds(compiled []*TableRule) (problems diag.Problems) {
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

// stateful are the expressions of first_seen and of exceptions. Without what they need, the rule runs all the same.
func (r *TableRule) stateful() (out []*Expression) {
	if r.FirstSeen != nil {
		out = append(out, r.FirstSeen.Key...)
	}
	for _, s := range r.Exceptions {
		out = append(out, s.Fields...)
	}
	return out
}
