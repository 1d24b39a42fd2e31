package index

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// Index finds the rules of a table that can match an event. Conditions without which a rule can't match are taken from
// its expression; by one of them, its key, the rule is picked, and the others are looked at before the expression
// runs. A rule is known by its place in the list that the index was made of.
type Index struct {
	Always  []int32 // places of rules without a key, in order: to be evaluated for every event
	entries []entry // those with one
	groups  []group
	keys    []int32   // groups with keys
	atoms   []atom    // all there are
	groupOf []int32   // by atom
	picks   [][]int32 // by atom, entries
	of      []int32   // by the place of a rule, its entry, -1 for none
}

// entry is a rule that has a key.
type entry struct {
	rule int32     // its place
	key  []int32   // atoms, one of which must hold
	rest [][]int32 // further conditions, the rarest first
}

// New returns the index of the rules of one table, in the order of their ids. lists are those that conditions may look into.
func New(rules []*compile.TableRule, lists Lists) Index {
	b := newIndexBuilder(rules, lists)
	b.choose()
	return b.build()
}

// Key is what picks the rule at the place, as people write it; "" when the rule is evaluated for every event.
func (x *Index) Key(place int) string {
	i := x.of[place]
	if i < 0 {
		return ""
	}
	byQuestion := map[string][]string{}
	for _, id := range x.entries[i].key {
		a := x.atoms[id]
		form := a.form()
		byQuestion[form] = append(byQuestion[form], fmt.Sprintf("%q", a.text))
	}
	if len(byQuestion) == 0 {
		return "never"
	}
	var out []string
	for _, form := range slices.Sorted(maps.Keys(byQuestion)) {
		texts := slices.Sorted(slices.Values(byQuestion[form]))
		switch {
		case len(texts) > 1 && strings.HasSuffix(form, " == "):
			out = append(out, strings.TrimSuffix(form, " == ")+" in ["+strings.Join(texts, ", ")+"]")
		default:
			for _, s := range texts {
				out = append(out, form+s)
			}
		}
	}
	return strings.Join(out, " or ")
}

// form writes the atom for people, without its text: `event.Category == `.
func (a atom) form() string {
	subject := "event." + a.column
	switch a.how {
	case asOperation:
		subject = "event.operation"
	case asSuccess:
		subject = "event.success"
	case asLower:
		subject += ".lower()"
	case asLiteral:
		return "event." + a.column + " has "
	}
	switch a.fit {
	case begins:
		return subject + " begins with "
	case ends:
		return subject + " ends with "
	case holds:
		return subject + " has "
	case matches:
		return subject + " matches "
	case classed:
		return "event.vault.class == "
	}
	return subject + " == "
}

// Prices of an event, in nanoseconds, which decide about keys. They needn't be exact: what matters is that looking for
// words costs far more than looking up a cell, and evaluating a rule more than looking at a condition.
const (
	priceCell      = 30
	priceWords     = 600
	priceShort     = 100 // words in a column that is no JSON
	priceSuccess   = 100
	priceCondition = 60  // a rule that is picked and has more conditions
	priceRule      = 500 // a rule that is picked and evaluated
)

// commonest is how often a condition may hold to be a key: beyond that it saves nothing.
const commonest = 0.6

// odds estimates on which share of events an atom holds: the more texts the rules compare the same column with, the rarer each.
func odds(a atom, distinct int) float64 {
	switch a.how {
	case asSuccess, asBool:
		if a.text == "true" && a.how == asSuccess {
			return 0.9
		}
		return 0.4
	case asLiteral:
		return 1 / float64(200+distinct)
	}
	p := 1 / float64(4+distinct)
	switch a.fit {
	case begins:
		return 2 * p
	case ends, holds, matches:
		return 1.5 * p
	case classed:
		return oddsOfClass(a.text)
	}
	return p
}

// oddsOfClass guesses how many of the accesses to Key Vaults are of a class: applications read and use, each beginning
// with the challenge, and the portal lists.
func oddsOfClass(class string) float64 {
	switch class {
	case "read", "auth":
		return 0.25
	case "use":
		return 0.15
	case "list":
		return 0.1
	}
	return 0.03
}

// indexBuilder chooses keys for a whole set.
type indexBuilder struct {
	rules      []*compile.TableRule
	table      *event.Table
	conditions [][]condition // by rule
	distinct   map[question]map[string]bool
	price      map[question]float64
	odds       [][]float64 // by rule and condition, how often it holds
	costs      [][]float64 // by rule and condition, what the rule costs when that is its key
	chosen     []int       // by rule, the condition that is the key, -1 for none
}

func newIndexBuilder(rules []*compile.TableRule, lists Lists) *indexBuilder {
	b := &indexBuilder{rules: rules, distinct: map[question]map[string]bool{}, price: map[question]float64{}, chosen: make([]int, len(rules))}
	for _, r := range rules {
		found := conditionsOf(r, lists)
		b.table, b.conditions = r.Table, append(b.conditions, found)
		for _, c := range found {
			for _, a := range c {
				if b.distinct[a.question] == nil {
					b.distinct[a.question] = make(map[string]bool, len(c))
					b.price[a.question] = b.priceOf(a.question)
				}
				b.distinct[a.question][a.text] = true
			}
		}
	}
	return b
}

func (b *indexBuilder) priceOf(q question) float64 {
	switch {
	case q.how == asSuccess:
		return priceSuccess
	case q.how != asLiteral:
		return priceCell
	}
	if typ, ok := b.table.ColumnType(q.column); ok && typ != enrich.Dynamic {
		return priceShort
	}
	return priceWords
}

// choose gives each rule the key that holds least often, and then gives up questions that cost more than they save.
func (b *indexBuilder) choose() {
	open := map[question]bool{}
	for q := range b.price {
		open[q] = true
	}
	for i, conditions := range b.conditions {
		holds, costs := make([]float64, len(conditions)), make([]float64, len(conditions))
		for k, c := range conditions {
			holds[k] = b.oddsOf(c)
			if costs[k] = holds[k] * priceRule; len(conditions) > 1 {
				costs[k] = holds[k] * priceCondition
			}
		}
		b.odds, b.costs = append(b.odds, holds), append(b.costs, costs)
		b.chosen[i] = b.best(i, open)
	}
	for again := true; again; {
		again = false
		for _, q := range b.inUse() {
			if b.close(q, open) {
				again = true
			}
		}
	}
}

// someOften is how often, at most, one of some texts is taken to be the answer: a list of many texts is long because there
// are many others.
const someOften = 0.5

// oddsOf estimates how often a condition holds.
func (b *indexBuilder) oddsOf(c condition) float64 {
	texts, rest := 0.0, 0.0
	for _, a := range c {
		p := odds(a, len(b.distinct[a.question]))
		if a.how == asSuccess || a.how == asBool || a.fit == classed {
			rest += p
		} else {
			texts += p
		}
	}
	return min(texts, someOften) + rest
}

// best returns the place of rule i's cheapest condition among those that ask open questions only, -1 if there is none.
func (b *indexBuilder) best(i int, open map[question]bool) int {
	best := -1
	for k, c := range b.conditions[i] {
		if b.odds[i][k] > commonest || slices.ContainsFunc(c, func(a atom) bool { return !open[a.question] }) {
			continue
		}
		if best < 0 || b.costs[i][k] < b.costs[i][best] {
			best = k
		}
	}
	return best
}

// inUse returns the questions that the chosen keys ask, the dearest first.
func (b *indexBuilder) inUse() []question {
	used := map[question]bool{}
	for i, k := range b.chosen {
		if k >= 0 {
			for _, a := range b.conditions[i][k] {
				used[a.question] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(used), func(x, y question) int {
		return cmp.Or(cmp.Compare(b.price[y], b.price[x]), cmp.Compare(x.how, y.how), cmp.Compare(x.column, y.column))
	})
}

// close gives q up when its rules have other keys that together cost less than asking.
func (b *indexBuilder) close(q question, open map[question]bool) bool {
	open[q] = false
	instead, more := map[int]int{}, -b.price[q]
	used := b.inUse()
	for i, k := range b.chosen {
		if k < 0 || !slices.ContainsFunc(b.conditions[i][k], func(a atom) bool { return a.question == q }) {
			continue
		}
		other := b.best(i, open)
		if other < 0 {
			more = 1
			break
		}
		instead[i] = other
		more += b.costs[i][other] - b.costs[i][k]
		for _, a := range b.conditions[i][other] {
			if !slices.Contains(used, a.question) {
				used, more = append(used, a.question), more+b.price[a.question]
			}
		}
	}
	if more >= 0 {
		open[q] = true
		return false
	}
	for i, k := range instead {
		b.chosen[i] = k
	}
	return true
}

// maxRest bounds how many atoms a condition may have to be looked at before an expression runs.
const maxRest = 16

func (b *indexBuilder) build() Index {
	x := Index{of: make([]int32, len(b.rules))}
	ids, groups := map[interned]int32{}, map[question]int32{}
	for i := range b.rules {
		if x.of[i] = -1; b.chosen[i] < 0 {
			x.Always = append(x.Always, int32(i))
			continue
		}
		e := entry{rule: int32(i), key: x.intern(ids, groups, b.conditions[i][b.chosen[i]])}
		for _, k := range b.rest(i) {
			e.rest = append(e.rest, x.intern(ids, groups, b.conditions[i][k]))
		}
		x.of[i] = int32(len(x.entries))
		x.entries = append(x.entries, e)
	}
	x.pick()
	members := make([][]int32, len(x.groups))
	for id, g := range x.groupOf {
		members[g] = append(members[g], int32(id))
	}
	for g := range x.groups {
		if x.prepare(&x.groups[g], members[g]); x.groups[g].keys {
			x.keys = append(x.keys, int32(g))
		}
	}
	return x
}

// pick notes by atom which entries it picks. What it picks lies in one piece: a list may have a million items.
func (x *Index) pick() {
	counts, all := make([]int32, len(x.atoms)), 0
	for _, e := range x.entries {
		all += len(e.key)
		for _, atom := range e.key {
			counts[atom]++
			x.groups[x.groupOf[atom]].keys = true
		}
	}
	x.picks = make([][]int32, len(x.atoms))
	room := make([]int32, all)
	for atom, n := range counts {
		x.picks[atom], room = room[:0:n], room[n:]
	}
	for i, e := range x.entries {
		for _, atom := range e.key {
			x.picks[atom] = append(x.picks[atom], int32(i))
		}
	}
}

// rest are the conditions of rule i that aren't its key, the rarest first.
func (b *indexBuilder) rest(i int) (out []int) {
	for k, c := range b.conditions[i] {
		if k != b.chosen[i] && len(c) <= maxRest {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(p, q int) int { return cmp.Compare(b.odds[i][p], b.odds[i][q]) })
	return out
}

// interned is an atom of a group, shorter.
type interned struct {
	group int32
	fit   fit
	text  string
}

func (x *Index) intern(ids map[interned]int32, groups map[question]int32, c condition) []int32 {
	out := make([]int32, 0, len(c))
	x.atoms, x.groupOf = slices.Grow(x.atoms, len(c)), slices.Grow(x.groupOf, len(c))
	for _, a := range c {
		g, known := groups[a.question]
		if !known {
			g = int32(len(x.groups))
			groups[a.question] = g
			x.groups = append(x.groups, group{question: a.question, exact: make(map[string]int32, len(c))})
		}
		id, ok := ids[interned{g, a.fit, a.text}]
		if !ok {
			id = int32(len(x.atoms))
			ids[interned{g, a.fit, a.text}] = id
			x.atoms, x.groupOf = append(x.atoms, a), append(x.groupOf, g)
		}
		out = append(out, id)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// prepare makes the tables of a group, which has the given atoms.
func (x *Index) prepare(group *group, atoms []int32) {
	classes, words := map[int]map[string][]int32{}, []word{}
	for _, id := range atoms {
		switch a := x.atoms[id]; {
		case a.how == asLiteral:
			words = append(words, word{a.text, id})
		case a.fit > begins:
			group.parts = append(group.parts, newPartTest(id, a))
		case a.fit == begins:
			n := 1
			for 2*n <= len(a.text) { // few classes, so that few have to be looked up
				n *= 2
			}
			if classes[n] == nil {
				classes[n] = map[string][]int32{}
			}
			classes[n][a.text[:n]] = append(classes[n][a.text[:n]], id)
		default:
			group.exact[a.text] = id
		}
	}
	for _, n := range slices.Sorted(maps.Keys(classes)) {
		group.prefixes = append(group.prefixes, prefixes{n, classes[n]})
	}
	if group.how == asLiteral {
		group.scanner = newScanner(words)
	}
}

// group are all atoms of one question, ready to be answered together.
type group struct {
	question
	exact    map[string]int32
	prefixes []prefixes
	parts    []partTest // of asOperation
	scanner  *scanner   // of asLiteral
	keys     bool       // there are rules that it picks
}

// prefixes are the atoms that ask for beginnings, by as much of these as all of a class have.
type prefixes struct {
	length int
	by     map[string][]int32
}
