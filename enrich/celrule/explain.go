package celrule

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

var _ enrich.Explainer = (*Module)(nil)

// Explain says why the rule does or doesn't match the event, with the values of the parts of its conditions. A rule
// with first_seen is judged as if it had seen nothing yet but what the context says, and remembers nothing. The error says
// that there is no such rule, or that ctx ended.
func (m *Module) Explain(ctx context.Context, event *enrich.Event, id string) (enrich.Explanation, error) {
	out := enrich.Explanation{Rule: id}
	s := m.set.Load()
	r, err := s.ruleByID(id)
	if err != nil {
		return out, err
	}
	if r.info.Off != "" {
		out.Outcome, out.Reason = enrich.OutcomeOff, r.info.Off
		return out, nil
	}
	tr := s.inTable(id, event.Table)
	if tr == nil {
		out.Outcome = enrich.OutcomeTable
		out.Reason = fmt.Sprintf("the event is of %s, the rule is about %s", event.Table, strings.Join(r.info.Tables, ", "))
		return out, nil
	}
	tags, err := s.only(id).Tag(ctx, []enrich.Event{*event})
	if err != nil {
		return out, fmt.Errorf("evaluate %s: %w", id, err)
	}
	out.Tags = tags[0]
	settle(&out)
	t := newTracer(ctx, s, tr, event)
	when := t.condition(tr.when, tr.declared.When.Value)
	when.Key = "when"
	out.When = &when
	if when.Result == enrich.ResultTrue {
		out.Adjust = t.adjust()
	}
	return out, nil
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

// adjust traces the steps. Those whose context isn't configured are not there any more, so that the numbers are found
// by the reasons.
func (t *tracer) adjust() (out []enrich.Condition) {
	next := 0
	for i, declared := range t.rule.declared.Adjust {
		if next == len(t.rule.adjust) || t.rule.adjust[next].reason != declared.Reason.Value {
			continue
		}
		c := t.condition(t.rule.adjust[next].when, declared.If.Value)
		c.Key = adjustKey(i)
		out = append(out, c)
		next++
	}
	return out
}

func adjustKey(i int) string { return fmt.Sprintf("adjust %d", i+1) }

// Only returns a module with the one rule of this module that id names, for measuring. The error says that there is no
// such rule. The module can be configured anew like any other.
func (m *Module) Only(id string) (*Module, error) {
	s := m.set.Load()
	if _, err := s.ruleByID(id); err != nil {
		return nil, err
	}
	return s.only(id), nil
}

func (s *ruleSet) only(id string) *Module {
	out := &ruleSet{tables: map[string]*tableSet{}, lists: s.lists, context: s.context, at: s.at, memory: NewRecent(DefaultMemory)}
	out.workers.New = func() any { return newWorker(out) }
	for _, r := range s.rules {
		if r.info.ID == id {
			out.rules = append(out.rules, r)
		}
	}
	for name, t := range s.tables {
		if tr := s.inTable(id, name); tr != nil {
			out.tables[name] = &tableSet{table: t.table, all: []*tableRule{tr}}
		}
	}
	out.finish()
	m := &Module{}
	m.set.Store(out)
	return m
}

// inTable is the rule as it runs on rows of the table, nil when it doesn't.
func (s *ruleSet) inTable(id, table string) *tableRule {
	t, ok := s.tables[table]
	if !ok {
		return nil
	}
	i := slices.IndexFunc(t.all, func(r *tableRule) bool { return r.info.ID == id })
	if i < 0 {
		return nil
	}
	return t.all[i]
}

func (s *ruleSet) ruleByID(id string) (*rule, error) {
	ids := make([]string, len(s.rules))
	for i, r := range s.rules {
		if ids[i] = r.info.ID; ids[i] == id {
			return r, nil
		}
	}
	if like := rulefile.Suggest(id, ids); like != "" {
		return nil, fmt.Errorf("no rule is called `%s`; did you mean `%s`?", id, like)
	}
	return nil, fmt.Errorf("no rule is called `%s`; `riskrelay rules list` shows all", id)
}

// language is what the set was compiled with; lists are one of its variables.
func (s *ruleSet) language() *language { return s.lists.of.(*language) }
