package celrule

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/google/cel-go/checker"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Detail is everything that the module knows about one rule, for people who look at it.
type Detail struct {
	enrich.RuleInfo
	Score    int            `json:"score"`
	Declared *rulefile.Rule `json:"-"` // what the rule file says
	Lists    []UsedList     `json:"lists,omitempty"`
	Macros   []UsedMacro    `json:"macros,omitempty"`
	Needs    []string       `json:"needs,omitempty"`    // parts of the context without which the rule is off
	Optional []string       `json:"optional,omitempty"` // parts without which only adjust steps are left out
	Running  []InTable      `json:"running"`            // how it runs, by table; none when it is off
}

// UsedList is a list of the rule files that a rule looks into.
type UsedList struct {
	Name            string   `json:"name"`
	Doc             string   `json:"doc,omitempty"`
	CaseInsensitive bool     `json:"case_insensitive,omitempty"`
	Size            int      `json:"size"`
	First           []string `json:"first"` // the first items, at most ten
}

// UsedMacro is a macro that is written into a rule's expressions.
type UsedMacro struct {
	Name   string   `json:"name"`
	Params []string `json:"params,omitempty"`
	Expr   string   `json:"expr"`
}

// InTable is how a rule runs on the rows of one table.
type InTable struct {
	Table string `json:"table"`
	// Cost is the estimate for when on the largest rows, in CEL's units: about one a step.
	Cost uint64 `json:"cost"`
	// Watched says that the estimate leaves it open how long it may take, so that it is stopped when it takes too long.
	Watched bool `json:"watched,omitempty"`
	// Key is what picks the rule for an event, such as `event.operation in ["add owner to application"]`; "" when every
	// event of the table has to be judged.
	Key string `json:"key,omitempty"`
}

// firstItems is how many items of a list are told.
const firstItems = 10

// Detail tells about the rule called id. The error says that there is no such rule.
func (m *Module) Detail(_ context.Context, id string) (Detail, error) {
	s := m.set.Load()
	r, err := s.ruleByID(id)
	if err != nil {
		return Detail{}, err
	}
	out := Detail{RuleInfo: r.info, Score: r.score, Declared: r.declared}
	all, needs, optional := newUses(), map[string]bool{}, map[string]bool{}
	for _, table := range r.info.Tables {
		tr, problems := r.compileFor(s.language(), s.language().tables[table])
		if len(problems) > 0 {
			return out, problems // never: the set was compiled before
		}
		all.add(tr.all())
		for _, need := range tr.needs {
			needs[need] = true
		}
		for _, step := range tr.adjust {
			for _, need := range step.needs {
				optional[need] = true
			}
		}
		if running := s.inTable(id, table); running != nil {
			out.Running = append(out.Running, s.running(running))
		}
	}
	maps.DeleteFunc(optional, func(need string, _ bool) bool { return needs[need] })
	out.Needs, out.Optional = names(needs), names(optional)
	s.used(&out, all)
	return out, nil
}

// used fills in the lists and macros.
func (s *ruleSet) used(out *Detail, u uses) {
	for _, name := range names(u.lists) {
		set := s.setOf(name)
		items := make([]string, 0, firstItems)
		for _, item := range set.items[:min(firstItems, len(set.items))] {
			items = append(items, text(item))
		}
		out.Lists = append(out.Lists, UsedList{
			Name: name, Doc: s.lists.typ.fields[name].doc, CaseInsensitive: set.fold, Size: len(set.items), First: items,
		})
	}
	for _, name := range names(u.macros) {
		m := s.language().macros.byName[name].declared
		out.Macros = append(out.Macros, UsedMacro{name, s.language().macros.byName[name].params, m.Expr.Value})
	}
}

func (s *ruleSet) running(r *tableRule) InTable {
	out := InTable{Table: r.table.name, Watched: r.when.watched, Key: s.key(r)}
	cost := func(e *expression) uint64 {
		estimate, err := checker.Cost(e.checked, estimator{s.language()})
		if err != nil {
			return math.MaxUint64
		}
		return estimate.Max
	}
	out.Cost = cost(r.when)
	used := r.through(r.when)
	for _, let := range r.lets {
		if used.lets[let.name] {
			out.Cost += cost(let.expression)
		}
	}
	return out
}

// key is the rule's index key as people write it.
func (s *ruleSet) key(r *tableRule) string { return s.tables[r.table.name].index.keyOf(r) }

// CodeUnindexed is the warning for a rule that has to be evaluated for every event of a table.
const CodeUnindexed = "R301"

// Costly are warnings about rules that no key picks, so that they are evaluated for every event of a table, in the order
// of their places.
func (m *Module) Costly() rulefile.Problems {
	var out rulefile.Problems
	s := m.set.Load()
	for _, r := range s.rules {
		var tables []string
		for _, table := range r.info.Tables {
			if tr := s.inTable(r.info.ID, table); tr != nil && s.key(tr) == "" {
				tables = append(tables, table)
			}
		}
		if len(tables) == 0 {
			continue
		}
		p := r.declared.When.Problem(CodeUnindexed, 0, 0, fmt.Sprintf("evaluated for every event of %s: nothing in the condition picks the few that can match", strings.Join(tables, " and ")))
		p.Severity = rulefile.Warning
		out = append(out, p)
	}
	out.Sort()
	return out
}
