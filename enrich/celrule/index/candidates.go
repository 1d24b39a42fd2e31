package index

import (
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// A source is given at most maxNeeded conditions of a rule, each with at most maxFacts facts.
const (
	maxFacts  = 500
	maxNeeded = 3
)

// Need returns what must be true of a row for the rule to match it, in facts that a source can check without CEL: at most three
// conditions, those with the fewest facts. It is nil if no condition can be written as facts; the rule then needs every row.
func Need(r *compile.TableRule, lists Lists) (need enrich.Need) {
	for _, c := range conditionsOf(r, lists) {
		if facts, ok := factsOf(r, c); ok {
			need = append(need, facts)
		}
	}
	slices.SortStableFunc(need, func(a, b []enrich.Fact) int { return len(a) - len(b) })
	return need[:min(len(need), maxNeeded)]
}

// factsOf returns facts of which at least one is true whenever the condition holds. ok is false if the condition can't be written
// so, or has too many atoms.
func factsOf(r *compile.TableRule, c condition) (all []enrich.Fact, ok bool) {
	if len(c) > maxFacts {
		return nil, false
	}
	all = []enrich.Fact{}
	for _, a := range c {
		facts := atomFacts(r.Table, a)
		if facts == nil || slices.ContainsFunc(facts, func(f enrich.Fact) bool { return !r.Table.Certain(f.Column) }) {
			return nil, false
		}
		all = append(all, facts...)
	}
	return all, true
}

// atomFacts returns facts of which at least one is true whenever the atom holds; nil if it can't be written as facts.
func atomFacts(t *event.Table, a atom) (out []enrich.Fact) {
	has := func(text string) []enrich.Fact { return []enrich.Fact{{Column: a.column, Has: []string{text}}} }
	switch {
	case a.how == asLiteral, a.how == asLower && a.text != "", a.how == asText && a.fit == begins:
		return has(a.text)
	case a.how == asText:
		return []enrich.Fact{{Column: a.column, Equals: a.text}}
	case a.how != asOperation || a.fit > holds:
		return nil
	}
	words := unfolded(a.text)
	if len(words) == 0 {
		return nil
	}
	for _, column := range t.OperationColumns() {
		out = append(out, enrich.Fact{Column: column, Has: words})
	}
	return out
}

// unfolded returns the pieces of a folded text that also stand in every spelling of it, apart from case: what is between spaces,
// hyphens and characters outside of ASCII.
func unfolded(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' || r >= 0x80 })
}
