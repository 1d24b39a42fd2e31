package celrule

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Listing is what a list of rules tells about one.
type Listing struct {
	enrich.RuleInfo
	Score     int       `json:"score"`
	Status    string    `json:"status,omitempty"`    // test, experimental or deprecated; "" for stable
	Tuned     []string  `json:"tuned,omitempty"`     // what tuning files say about: severity, score, enabled, exceptions
	Needs     []string  `json:"needs,omitempty"`     // parts of the context without which the rule is off
	Optional  []string  `json:"optional,omitempty"`  // parts without which only adjust steps are left out
	Running   []InTable `json:"running"`             // how it runs, by table; none when it is off
	Unindexed []string  `json:"unindexed,omitempty"` // the tables in which it is evaluated for every event, as it has no key
}

// Detail is everything that the module knows about one rule, for people who look at it.
type Detail struct {
	Listing
	Declared *rulefile.Rule `json:"-"` // what the rule file says
	Lists    []UsedList     `json:"lists,omitempty"`
	Macros   []UsedMacro    `json:"macros,omitempty"`
	LeftOut  []string       `json:"left_out,omitempty"` // adjust steps and exceptions that lack something of the context
}

// UsedList is a list of the rule files, or of the context, that a rule looks into.
type UsedList struct {
	Name            string   `json:"name"`
	Doc             string   `json:"doc,omitempty"`
	CaseInsensitive bool     `json:"case_insensitive,omitempty"`
	Size            int      `json:"size"`
	First           []string `json:"first"`             // the first items, at most ten
	Source          string   `json:"source"`            // where the items stand: FILE:LINE:COLUMN, or the list's own file
	Added           []string `json:"added,omitempty"`   // by tuning files, each as "ITEM at FILE:LINE:COLUMN"
	Removed         []string `json:"removed,omitempty"` // likewise
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

// List tells about all rules, in the order of their ids. The lists in it are shared between calls and must not be changed.
func (m *Module) List() []Listing {
	s := m.set.Load()
	all := make([]Listing, len(s.rules))
	for i, r := range s.rules {
		all[i] = s.list(r)
	}
	return all
}

func (s *ruleSet) list(r *active) Listing {
	out := Listing{RuleInfo: r.Info, Score: r.Score, Needs: r.Required, Optional: r.Optional, Tuned: r.Tuned(), Running: []InTable{}}
	if status := r.Declared.Status.Value; status != "stable" {
		out.Status = status
	}
	for _, table := range r.Info.Tables {
		running := s.inTable(r.Info.ID, table)
		if running == nil {
			continue
		}
		one := s.running(running)
		if out.Running = append(out.Running, one); one.Key == "" {
			out.Unindexed = append(out.Unindexed, table)
		}
	}
	return out
}

// Detail tells about the rule called id. The error says that there is no such rule.
func (m *Module) Detail(_ context.Context, id string) (Detail, error) {
	s := m.set.Load()
	r, err := s.ruleByID(id)
	if err != nil {
		return Detail{}, err
	}
	out := Detail{Listing: s.list(r), Declared: r.Declared}
	all, err := s.lang.UsesOf(r.Rule)
	if err != nil {
		return out, err // never: the set was compiled before
	}
	for _, table := range r.Info.Tables {
		if running := s.inTable(id, table); running != nil {
			out.LeftOut = running.LeftOut // the same in all tables
		}
	}
	s.used(&out, all)
	return out, nil
}

// used fills in the lists and macros.
func (s *ruleSet) used(out *Detail, u compile.Uses) {
	for _, name := range slices.Sorted(maps.Keys(u.Lists)) {
		declared, set := s.lang.List(name)
		out.Lists = append(out.Lists, UsedList{
			Name: name, Doc: declared.Doc.Value, CaseInsensitive: set.Folded, Size: len(set.Items), First: firstOfList(set),
			Source: declared.Source(), Added: itemsAt(declared.Added), Removed: itemsAt(declared.Removed),
		})
	}
	for _, need := range slices.Sorted(maps.Keys(u.Needs)) {
		name, isList := strings.CutPrefix(need, "lists.")
		if set := s.known.Lists[name]; isList && set != nil {
			out.Lists = append(out.Lists, UsedList{Name: name, Size: len(set.Items), First: firstOfList(set), Source: s.known.SourceOf(name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.Macros)) {
		m := s.lang.Macro(name)
		used := UsedMacro{Name: name, Expr: m.Expr.Value}
		for _, p := range m.Params {
			used.Params = append(used.Params, p.Name.Value)
		}
		out.Macros = append(out.Macros, used)
	}
}

// firstOfList are the first items as texts.
func firstOfList(l *celval.List) []string {
	items := make([]string, 0, firstItems)
	for _, item := range l.Items[:min(firstItems, len(l.Items))] {
		items = append(items, celval.Text(item))
	}
	return items
}

// itemsAt are items with the places where tuning files name them.
func itemsAt(items []diag.Text) (out []string) {
	for _, item := range items {
		out = append(out, fmt.Sprintf("%s at %s", item.Value, item.Pos))
	}
	return out
}

func (s *ruleSet) running(r *activeInTable) InTable {
	out := InTable{Table: r.Table.Name, Watched: r.When.Watched, Key: s.key(r)}
	out.Cost = s.lang.WorstCost(r.When)
	used := r.Through(r.When)
	for _, let := range r.Lets {
		if used.Lets[let.Name] {
			out.Cost += s.lang.WorstCost(let.Expression)
		}
	}
	return out
}

// key is the rule's index key as people write it.
func (s *ruleSet) key(r *activeInTable) string { return s.tables[r.Table.Name].index.Key(r.place) }

// CodeUnindexed is the warning for a rule that has to be evaluated for every event of a table.
const CodeUnindexed = "R301"

// Costly are warnings about rules that no key picks, so that they are evaluated for every event of a table, in the order
// of their places.
func (m *Module) Costly() diag.Problems {
	var out diag.Problems
	s := m.set.Load()
	for _, r := range s.rules {
		var tables []string
		for _, table := range r.Info.Tables {
			if tr := s.inTable(r.Info.ID, table); tr != nil && s.key(tr) == "" {
				tables = append(tables, table)
			}
		}
		if len(tables) == 0 {
			continue
		}
		p := r.Declared.When.Problem(CodeUnindexed, 0, 0, fmt.Sprintf("evaluated for every event of %s: nothing in the condition picks the few that can match", strings.Join(tables, " and ")))
		p.Severity = diag.Warning
		out = append(out, p)
	}
	out.Sort()
	return out
}
