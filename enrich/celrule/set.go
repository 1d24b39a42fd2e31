package celrule

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/celrule/index"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// ruleSet is one configuration: all rules of all files, compiled. It doesn't change.
type ruleSet struct {
	rules   []*active
	tables  map[string]*tableSet
	lang    *compile.Language
	known   *event.Context // beside the row
	lists   *celval.Object // the variable
	context *celval.Object // the variable
	at      time.Time      // the pinned clock, zero for the wall clock
	about   enrich.Description
	// warnings are what was found that doesn't keep the set from loading.
	warnings diag.Problems
	unused   diag.Problems // warnings about what does nothing
	memory   Memory        // of the rules with first_seen
	workers  sync.Pool
	told     *telling                           // of an explanation, nil for all other sets
	tripped  atomic.Pointer[enrich.Description] // about, since a rule was switched off
}

// tableSet are the rules of one table.
type tableSet struct {
	table *event.Table
	all   []*activeInTable // in the order of their ids
	index index.Index
}

// active is a rule with what happens to it while it runs, in whichever table.
type active struct {
	*compile.Rule
	missing atomic.Uint64 // evaluations that ended at a missing field
	breaker breaker
}

// activeInTable is an active rule in one of its tables.
type activeInTable struct {
	*compile.TableRule
	of    *active
	place int // among all rules of the table

	readsCut bool // it reads columns with lists that may be cut
}

// compileSet compiles all files together. All problems of all files come back in the order of their places.
func compileSet(config enrich.Config) (*ruleSet, error) {
	return compileAsking(context.Background(), config, nil, &compiler{})
}

// compileAsking is compileSet with live, which tells what DNS says of a host; nil when nobody does. The compiler compiles, or has compiled, the rules.
// When ctx ends, its error is the only one.
func compileAsking(ctx context.Context, config enrich.Config, live func(host string) string, c *compiler) (*ruleSet, error) {
	loader := rulefile.NewLoader(config)
	settings, problems := loader.Settings()
	rules, err := c.rules(ctx, loader)
	if err != nil {
		return nil, err
	}
	known, err := event.NewContext(settings)
	if err != nil {
		return nil, fmt.Errorf("read the applications of the context: %w", err)
	}
	known.Live = live
	problems = append(problems, rules.problems...)
	if problems.Sort(); problems.HasErrors() {
		return nil, compile.Unique(problems)
	}
	s := &ruleSet{
		tables: map[string]*tableSet{}, at: settings.At, memory: NewRecent(DefaultMemory), lang: rules.lang, known: known, unused: rules.unused,
		warnings: compile.Unique(problems),
	}
	s.lists, s.context = rules.lang.Variables(known)
	s.workers.New = func() any { return newWorker(s) }
	for _, r := range rules.all {
		s.add(r)
	}
	s.finish()
	s.warnings = append(s.warnings, s.unasked(settings.Context)...)
	s.warnings.Sort()
	return s, nil
}

// unasked are warnings about lists of the context that no rule asks for, as their names are misspelt.
func (s *ruleSet) unasked(c rulefile.Context) (warnings diag.Problems) {
	asked := map[string]bool{}
	for _, r := range s.rules {
		for _, part := range slices.Concat(r.Required, r.Optional) {
			if name, ok := strings.CutPrefix(part, "lists."); ok {
				asked[name] = true
			}
		}
	}
	for _, name := range c.ListNames {
		if asked[name.Value] {
			continue
		}
		p := name.Problem(compile.CodePinned, 0, 0, fmt.Sprintf("no rule asks for the list `%s` of the context", name.Value))
		p.Severity = diag.Warning
		if near := diag.Suggest(name.Value, slices.Sorted(maps.Keys(asked))); near != "" {
			p.Suggestion = "did you mean `" + near + "`?"
		}
		warnings = append(warnings, p)
	}
	return warnings
}

// add makes a rule ready to run, unless it is off.
func (s *ruleSet) add(compiled compiledRule) {
	r, tables := compiled.rule.Fit(compiled.tables, s.known)
	a := &active{Rule: r}
	s.rules = append(s.rules, a)
	for _, tr := range tables {
		if r.Info.Off == "" {
			s.tableSet(tr.Table).add(&activeInTable{TableRule: tr, of: a})
		}
	}
}

// tableSet is the set for the table's rows.
func (s *ruleSet) tableSet(t *event.Table) *tableSet {
	if s.tables[t.Name] == nil {
		s.tables[t.Name] = &tableSet{table: t}
	}
	return s.tables[t.Name]
}

func (t *tableSet) add(r *activeInTable) { t.all = append(t.all, r) }

// moduleName and moduleVersion are how the module calls itself.
const (
	moduleName    = "cel"
	moduleVersion = rulefile.EngineVersion
)

// finish indexes the rules and writes the description.
func (s *ruleSet) finish() {
	slices.SortFunc(s.rules, func(a, b *active) int { return strings.Compare(a.Info.ID, b.Info.ID) })
	s.about = enrich.Description{Name: moduleName, Version: moduleVersion}
	for _, r := range s.rules {
		s.about.Rules = append(s.about.Rules, r.Info)
	}
	// What tells the table and the time of a row is always needed.
	columns := map[string]bool{"Type": true, enrich.OriginalTypeColumn: true, enrich.OriginalTimeColumn: true}
	for _, t := range s.tables {
		slices.SortFunc(t.all, func(a, b *activeInTable) int { return strings.Compare(a.Info.ID, b.Info.ID) })
		compiled := make([]*compile.TableRule, len(t.all))
		for i, r := range t.all {
			compiled[i], r.place = r.TableRule, i
		}
		t.index = index.New(compiled, index.Lists{OfFiles: s.setOf, OfContext: s.contextList})
		for _, r := range t.all {
			uses := r.Uses().Columns
			for column := range uses {
				columns[column] = true
			}
			if r.readsCut = readsCut(uses); r.readsCut {
				columns[enrich.CutColumn] = true
			}
		}
	}
	s.about.Selector = enrich.Selector{Tables: slices.Sorted(maps.Keys(s.tables)), Columns: slices.Sorted(maps.Keys(columns))}
	if len(s.tables) == 0 {
		s.about.Selector.Tables = []string{noTable} // an empty list would mean all tables
	}
}

// noTable is the name of no table.
const noTable = "(none)"

// setOf returns the list of the rule files with the name, nil if there is none.
func (s *ruleSet) setOf(name string) *celval.List {
	_, items := s.lang.List(name)
	return items
}

// contextList returns the list of the context with the name, nil if there is none.
func (s *ruleSet) contextList(name string) *celval.List { return s.known.Lists[name] }

// now is the clock that rules see.
func (s *ruleSet) now() types.Timestamp {
	if s.at.IsZero() {
		return types.Timestamp{Time: time.Now().UTC()}
	}
	return types.Timestamp{Time: s.at}
}

// describe is the set's description; rules that the breaker switched off are off in it.
func (s *ruleSet) describe() enrich.Description {
	if about := s.tripped.Load(); about != nil {
		return *about
	}
	return s.about
}

// switched writes the description anew when a rule was switched off or on.
func (s *ruleSet) switched() {
	for {
		old, about := s.tripped.Load(), s.about
		about.Rules = slices.Clone(about.Rules)
		for i, r := range s.rules {
			if r.breaker.retry.Load() != nil {
				about.Rules[i].Off = fmt.Sprintf("took too long on %d events in a row, tried again every %v", maxBreaches, coolDown)
			}
		}
		if s.tripped.CompareAndSwap(old, &about) {
			return
		}
	}
}
