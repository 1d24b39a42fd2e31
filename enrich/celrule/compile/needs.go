package compile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// expressions returns what a match can't be reported without: when, the message and the objects.
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

// Through returns what the expressions use, themselves and through lets.
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

// Uses returns what the whole rule uses in this table.
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

// settle fits the rule to the context: adjust steps and exceptions that need what it lacks are left out, and the keys that it pins
// count as seen. The lists that r came with stay as they are.
func (r *TableRule) settle(known *event.Context) {
	r.Adjust = slices.DeleteFunc(slices.Clone(r.Adjust), func(st Step) bool { return r.leavesOut(AdjustKey(st.Number), known.Why(known.Lacks(st.needs))) })
	r.Exceptions = slices.DeleteFunc(slices.Clone(r.Exceptions), func(x Exception) bool { return r.leavesOut(ExceptionKey(x.Name), known.Why(known.Lacks(x.needs))) })
	if r.FirstSeen != nil {
		pinned := *r.FirstSeen
		pinned.Pinned = pin(known.Seen[r.Info.ID])
		r.FirstSeen = &pinned
	}
}

// leavesOut notes why a part of the rule is left out, and reports whether it is: reason is empty if nothing is lacking.
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

// stateful returns the expressions of first_seen and of exceptions. If the context lacks something that they need, the rule runs
// without them.
func (r *TableRule) stateful() (out []*Expression) {
	if r.FirstSeen != nil {
		out = append(out, r.FirstSeen.Key...)
	}
	for _, s := range r.Exceptions {
		out = append(out, s.Fields...)
	}
	return out
}
