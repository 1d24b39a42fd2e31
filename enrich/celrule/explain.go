package celrule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

var _ enrich.Explainer = (*Module)(nil)

// Explain says why the rule does or doesn't match the event, with the values of the parts of its conditions, and how a
// match got its severity and score. A rule that is switched off for what it cost is judged all the same. What rules with
// first_seen remember is asked, and stays as it is. The error says that there is no such rule, or that ctx ended.
func (m *Module) Explain(ctx context.Context, event *enrich.Event, id string) (enrich.Explanation, error) {
	out := enrich.Explanation{Rule: id}
	s := m.set.Load()
	r, err := s.ruleByID(id)
	if err != nil {
		return out, err
	}
	if r.Info.Off != "" {
		out.Outcome, out.Reason = enrich.OutcomeOff, r.Info.Off
		return out, nil
	}
	table, _ := event.Origin(func(table string) bool { return s.tables[table] != nil })
	tr := s.inTable(id, table)
	if tr == nil {
		out.Outcome = enrich.OutcomeTable
		out.Reason = fmt.Sprintf("the event is of %s, the rule is about %s", event.Table, strings.Join(r.Info.Tables, ", "))
		return out, nil
	}
	alone := s.unswitched(func(other *active) bool { return other == r })
	alone.told = &telling{of: tr.TableRule, x: &out}
	if known, ok := s.memory.(*Recent); ok {
		alone.memory = peeking{known}
	}
	tags, err := alone.tag(ctx, []enrich.Event{*event}, false)
	if err != nil {
		return out, fmt.Errorf("evaluate %s: %w", id, err)
	}
	out.Tags = tags[0]
	settle(&out)
	out.Limit = limits(alone.rules[0], r)
	t := newTracer(ctx, s, tr.TableRule, event)
	when := t.condition(tr.When, tr.Declared.When.Value)
	when.Key = "when"
	out.When = &when
	if when.Result == enrich.ResultTrue {
		out.Adjust, out.LeftOut = t.adjust(), tr.LeftOut
	}
	return out, nil
}

// limits says whether the rule was stopped on the event, as alone it was, and whether it is switched off where it runs.
func limits(alone, running *active) string {
	var said []string
	if alone.breaker.stopped.Load() > 0 {
		said = append(said, fmt.Sprintf("over %v on this event: the rule is stopped there, and switched off for %v when it happens on %d events in a row", compile.RunLimit, coolDown, maxBreaches))
	}
	if running.breaker.retry.Load() != nil {
		said = append(said, "the rule is switched off at the moment, as it took too long on other events")
	}
	return strings.Join(said, "; ")
}

// settle tells the outcome from the rule's tags.
func settle(out *enrich.Explanation) {
	out.Outcome = enrich.OutcomeNoMatch
	for _, tag := range out.Tags {
		switch {
		case tag.Error != "":
			out.Reason = tag.Error
			if out.Outcome == enrich.OutcomeNoMatch {
				out.Outcome = enrich.OutcomeError
			}
		case tag.Suppressed != "":
			out.Outcome, out.Reason = enrich.OutcomeSuppressed, tag.Suppressed
		default:
			out.Outcome = enrich.OutcomeMatch
		}
	}
}

// adjust traces the steps whose context is configured.
func (t *tracer) adjust() (out []enrich.Condition) {
	for _, s := range t.rule.Adjust {
		c := t.condition(s.When, t.rule.Declared.Adjust[s.Number-1].If.Value)
		c.Key = compile.AdjustKey(s.Number)
		out = append(out, c)
	}
	return out
}

// Only returns a module with the one rule of this module that id names, for measuring: it stays on however long it
// takes, and remembers for itself. The error says that there is no such rule. The module can be configured anew like any
// other.
func (m *Module) Only(id string) (*Module, error) {
	s := m.set.Load()
	r, err := s.ruleByID(id)
	if err != nil {
		return nil, err
	}
	return s.unswitched(func(other *active) bool { return other == r }).module(), nil
}

// Unswitched returns a module with the rules of this one in which none is switched off for what it costs, for measuring.
// It remembers for itself.
func (m *Module) Unswitched() *Module {
	return m.set.Load().unswitched(func(*active) bool { return true }).module()
}

// unswitched returns a set with the rules that keep picks. Limits and counters are its own, and no rule is switched off.
func (s *ruleSet) unswitched(keep func(*active) bool) *ruleSet {
	out := &ruleSet{tables: map[string]*tableSet{}, lang: s.lang, known: s.known, lists: s.lists, context: s.context, at: s.at, memory: NewRecent(DefaultMemory)}
	out.workers.New = func() any { return newWorker(out) }
	copies := map[*active]*active{}
	for _, r := range s.rules {
		if keep(r) {
			copies[r] = &active{Rule: r.Rule}
			copies[r].breaker.closed = true
			out.rules = append(out.rules, copies[r])
		}
	}
	for _, t := range s.tables {
		for _, tr := range t.all {
			if copies[tr.of] == nil {
				continue
			}
			out.tableSet(t.table).add(&activeInTable{TableRule: tr.TableRule, of: copies[tr.of]})
		}
	}
	out.finish()
	return out
}

func (s *ruleSet) module() *Module {
	m := &Module{memory: s.memory, compiler: &compiler{}}
	m.set.Store(s)
	return m
}

// inTable is the rule as it runs on rows of the table, nil when it doesn't.
func (s *ruleSet) inTable(id, table string) *activeInTable {
	t, ok := s.tables[table]
	if !ok {
		return nil
	}
	i, found := slices.BinarySearchFunc(t.all, id, func(r *activeInTable, id string) int { return cmp.Compare(r.Info.ID, id) })
	if !found {
		return nil
	}
	return t.all[i]
}

func (s *ruleSet) ruleByID(id string) (*active, error) {
	if i, found := slices.BinarySearchFunc(s.rules, id, func(r *active, id string) int { return cmp.Compare(r.Info.ID, id) }); found {
		return s.rules[i], nil
	}
	ids := make([]string, len(s.rules))
	for i, r := range s.rules {
		ids[i] = r.Info.ID
	}
	if like := diag.Suggest(id, ids); like != "" {
		return nil, fmt.Errorf("no rule is called `%s`; did you mean `%s`?", id, like)
	}
	return nil, fmt.Errorf("no rule is called `%s`; `riskrelay rules list` shows all", id)
}
