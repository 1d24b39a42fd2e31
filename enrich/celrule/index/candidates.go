package index

import (
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// maxFacts and maxNeeded bound how much of a rule's conditions is told.
const (
	maxFacts  = 500
	maxNeeded = 3
)

// Need is what a row needs for the rule to match it, as far as that can be told without CEL: the conditions with the fewest
// facts. It is nil when nothing can be told.
func Need(r *compile.TableRule, lists Lists) (need enrich.Need) {
	for _, c := range conditionsOf(r, lists) {
		if facts, ok := factsOf(r, c); ok {
			need = append(need, facts)
		}
	}
	slices.SortStableFunc(need, func(a, b []enrich.Fact) int { return len(a) - len(b) })
	return need[:min(len(need), maxNeeded)]
}

// factsOf are those of which one must hold for the condition to hold; not ok when that can't be told.
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

// atomFacts are what an atom says of the row; one of them holds when it does.
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

// unfolded are the parts of a folded text that stand in it however it was written, apart from case.
func unfolded(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' || r >= 0x80 })
}
