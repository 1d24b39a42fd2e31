package celrule

import (
	"context"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/index"
)

// RuleInTable names a rule as it runs on the rows of one table.
type RuleInTable struct{ Rule, Table string }

// Unindexed lists the rules that have no key, sorted: they are evaluated for every event of the table, so that each of
// them makes events dearer. All others together cost about what the few cost that an event picks.
func (m *Module) Unindexed() []RuleInTable {
	var out []RuleInTable
	for name, t := range m.set.Load().tables {
		for _, place := range t.index.Always {
			out = append(out, RuleInTable{t.all[place].Info.ID, name})
		}
	}
	slices.SortFunc(out, func(a, b RuleInTable) int { return strings.Compare(a.Rule+" "+a.Table, b.Rule+" "+b.Table) })
	return out
}

// Key says by what a rule is picked for an event of the table, such as `event.operation == "add user"`; "" when it has
// no key, or doesn't run on the table.
func (m *Module) Key(id, table string) string {
	t, ok := m.set.Load().tables[table]
	if !ok {
		return ""
	}
	for _, r := range t.all {
		if r.Info.ID == id {
			return t.index.Key(r.place)
		}
	}
	return ""
}

// TagEvery is Tag without the index: it evaluates every rule on every event. The tags are the same; tests and
// measurements compare the two.
func (m *Module) TagEvery(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	return m.set.Load().tag(ctx, events, true)
}

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
		need := index.Need(r.TableRule, index.Lists{OfFiles: s.setOf, OfContext: s.contextList})
		if need == nil {
			all = append(all, id)
		}
		filter = append(filter, need)
	}
	return filter, all
}

// Stops says on how many events a rule was stopped for taking too long.
type Stops struct {
	Events uint64
	Off    bool // it happened on so many events in a row that the rule is, or was, switched off for a while
}

// Stops tells of the rule called id since the module was configured; nothing for a rule that isn't there. A rule of
// [Module.Only] or [Module.Unswitched] stays on, Off says of it that it would not.
func (m *Module) Stops(id string) Stops {
	r, err := m.set.Load().ruleByID(id)
	if err != nil {
		return Stops{}
	}
	return Stops{r.breaker.stopped.Load(), r.breaker.tripped.Load()}
}
