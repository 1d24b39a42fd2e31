package celrule

import (
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// maxFacts and maxNeeded bound how much of a rule's conditions is told.
const (
	maxFacts  = 500
	maxNeeded = 3
)

// Candidates tells which rows of the table can matter to the rules, for sources that can leave the others out when rows
// of the past are read. All are the rules, if any, of which nothing can be told, so that they need every row. A source
// that finds too little makes keys look new, so that texts which the service could write with escapes are no reason not to
// ask.
func (m *Module) Candidates(table string, rules []string) (filter enrich.Filter, all []string) {
	return m.set.Load().candidates(table, rules)
}

func (s *ruleSet) candidates(table string, rules []string) (filter enrich.Filter, all []string) {
	for _, id := range rules {
		r := s.inTable(id, table)
		if r == nil {
			continue
		}
		need := r.need(r.conditions(listed{s.setOf, s.contextList}))
		if need == nil {
			all = append(all, id)
		}
		filter = append(filter, need)
	}
	return filter, all
}

// need are the conditions with the fewest facts.
func (r *tableRule) need(conditions []condition) (need enrich.Need) {
	for _, c := range conditions {
		if facts, ok := r.facts(c); ok {
			need = append(need, facts)
		}
	}
	slices.SortStableFunc(need, func(a, b []enrich.Fact) int { return len(a) - len(b) })
	return need[:min(len(need), maxNeeded)]
}

// facts are those of which one must hold for the condition to hold; not ok when that can't be told.
func (r *tableRule) facts(c condition) (all []enrich.Fact, ok bool) {
	if len(c) > maxFacts {
		return nil, false
	}
	all = []enrich.Fact{}
	for _, a := range c {
		facts := r.table.facts(a)
		if facts == nil || slices.ContainsFunc(facts, func(f enrich.Fact) bool { return !r.table.certain(f.Column) }) {
			return nil, false
		}
		all = append(all, facts...)
	}
	return all, true
}

// facts are what an atom says of the row; one of them holds when it does.
func (t *table) facts(a atom) (out []enrich.Fact) {
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
	for _, column := range t.operationColumns() {
		out = append(out, enrich.Fact{Column: column, Has: words})
	}
	return out
}

// unfolded are the parts of a folded text that stand in it however it was written, apart from case.
func unfolded(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '-' || r >= 0x80 })
}

// certain reports whether every workspace with the table has the column as text or dynamic: columns of AzureDiagnostics
// whose names end with their type come with the first row that has them.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
func (t *table) certain(column string) bool {
	i, ok := t.index[column]
	if !ok || t.columns[i].Type != enrich.String && t.columns[i].Type != enrich.Dynamic {
		return false
	}
	end := strings.LastIndexByte(column, '_')
	return t.name != "AzureDiagnostics" || end <= 0 || len(column)-end != 2
}
