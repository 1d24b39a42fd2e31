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

// Candidates returns a filter for past rows of the table, which keeps every row that one of the rules can match, and in all the
// rules that no filter fits, which need every row. The filter may miss rows whose texts are written with escapes: a missed row only
// makes a key look new.
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

// Stops is on how many events a rule was stopped for taking too long.
type Stops struct {
	Events uint64
	Off    bool // it happened on so many events in a row that the rule is, or was, switched off for a while
}

// Stops returns how often the rule called id was stopped since the module was configured; zero for a rule that isn't there. A rule of
// [Module.Only] or [Module.Unswitched] is never switched off: Off then says that it would have been.
func (m *Module) Stops(id string) Stops {
	r, err := m.set.Load().ruleByID(id)
	if err != nil {
		return Stops{}
	}
	return Stops{r.breaker.stopped.Load(), r.breaker.tripped.Load()}
}
