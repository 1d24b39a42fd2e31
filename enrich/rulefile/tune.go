package rulefile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Tuned is what all tuning files together say about one rule.
type Tuned struct {
	Severity   diag.Text
	Score      Score
	Enabled    diag.Text   // true or false
	By         string      // the tuning file that set Enabled
	Bases      []diag.Text // revisions that changes were made for
	Exceptions []ExceptionRow
	Tests      []Test // that tuning files carry
}

// expiryNotice is how long before an exception ends it is reported.
const expiryNotice = 14 * 24 * time.Hour

// Tune writes what the tunings say into the packs' rules and lists. It reports what doesn't exist, what two files
// contradict each other about, and exceptions that end soon or have ended at now. The order of files has no meaning.
func Tune(packs []*Pack, tunings []*Tuning, now time.Time) diag.Problems {
	t := tuner{now: now, packs: map[string]*tunable{}, packOf: map[string]string{}, first: map[string]diag.Text{}, names: map[string]diag.Text{}}
	for _, p := range inFileOrder(packs) {
		t.add(p)
	}
	tunings = slices.DeleteFunc(slices.Clone(tunings), func(t *Tuning) bool { return t == nil })
	slices.SortStableFunc(tunings, func(a, b *Tuning) int { return cmp.Compare(a.File, b.File) })
	for _, one := range tunings {
		t.apply(one)
	}
	for _, p := range packs {
		t.lowering(p)
	}
	t.problems.Sort()
	return t.problems
}

type tuner struct {
	now      time.Time
	packs    map[string]*tunable
	packOf   map[string]string    // rule -> the pack that has it
	first    map[string]diag.Text // what was set -> where
	names    map[string]diag.Text
	problems diag.Problems
	near     hints
}

// tunable is a pack with all its files.
type tunable struct {
	version string
	rules   map[string]*Rule
	lists   map[string]*List
}

// add makes the rules and lists of a file known. Of two with the same name, which is an error, the first is tuned.
func (t *tuner) add(p *Pack) {
	to := t.packs[p.Name.Value]
	if to == nil {
		to = &tunable{version: p.Version.Value, rules: map[string]*Rule{}, lists: map[string]*List{}}
		t.packs[p.Name.Value] = to
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; to.rules[r.ID.Value] == nil {
			to.rules[r.ID.Value], t.packOf[r.ID.Value] = r, p.Name.Value
		}
	}
	for i := range p.Lists {
		if l := &p.Lists[i]; to.lists[l.Name.Value] == nil {
			to.lists[l.Name.Value] = l
		}
	}
}

func (t *tuner) report(at diag.Text, code, message, suggestion string) {
	p := at.Problem(code, 0, 0, message)
	p.Suggestion = suggestion
	t.problems = append(t.problems, p)
}

func (t *tuner) warn(at diag.Text, code, message string) {
	p := at.Problem(code, 0, 0, message)
	p.Severity = diag.Warning
	t.problems = append(t.problems, p)
}

func (t *tuner) apply(one *Tuning) {
	if !one.Pack.Present() {
		return // reported when it was read
	}
	if first, taken := t.names[one.Name.Value]; taken && one.Name.Present() {
		t.report(one.Name, CodeDuplicate, fmt.Sprintf("the tuning `%s` exists already", one.Name.Value), fmt.Sprintf("the first one is at %s", first.Pos))
	}
	t.names[one.Name.Value] = one.Name
	pack := t.packs[one.Pack.Value]
	if pack == nil {
		t.report(one.Pack, CodeTarget, fmt.Sprintf("no pack is called `%s`", one.Pack.Value), t.near.suggest(one.Pack.Value, maps.Keys(t.packs)))
		return
	}
	if !one.For.Holds(pack.version) {
		t.warn(one.For.Text, CodeDrift, fmt.Sprintf("this was written for %s %s, the pack is %s: look whether it still fits", one.Pack.Value, one.For.Value, pack.version))
	}
	for i := range one.Rules {
		t.rule(one, pack, &one.Rules[i])
	}
	for i := range one.Lists {
		t.list(pack, &one.Lists[i])
	}
}

func (t *tuner) rule(one *Tuning, pack *tunable, change *TunedRule) {
	if !change.ID.Present() {
		return
	}
	if r := pack.rules[change.ID.Value]; r != nil {
		t.tune(one, r, change)
		return
	}
	suggestion := fmt.Sprintf("it is a rule of the pack `%s`", t.packOf[change.ID.Value])
	if _, elsewhere := t.packOf[change.ID.Value]; !elsewhere {
		suggestion = t.near.suggest(change.ID.Value, maps.Keys(pack.rules))
	}
	t.report(change.ID, CodeTarget, fmt.Sprintf("the pack `%s` has no rule `%s`", one.Pack.Value, change.ID.Value), suggestion)
}

func (t *tuner) tune(one *Tuning, r *Rule, change *TunedRule) {
	if r.Status.Value == "deprecated" && change.Enabled.Value != "false" {
		message := fmt.Sprintf("the rule `%s` is deprecated", r.ID.Value)
		if r.ReplacedBy.Present() {
			message += fmt.Sprintf(": tune `%s` instead", r.ReplacedBy.Value)
		}
		t.warn(change.ID, CodeDrift, message)
	}
	id := change.ID.Value
	if change.Severity.Present() && t.once(id+" severity", change.Severity, "the severity of `"+id+"`") {
		r.Tuned.Severity = change.Severity
	}
	if change.Score.Present() && t.once(id+" score", change.Score.Text, "the score of `"+id+"`") {
		r.Tuned.Score = change.Score
	}
	if change.Enabled.Present() && t.once(id+" enabled", change.Enabled, "whether `"+id+"` is enabled") {
		r.Tuned.Enabled, r.Tuned.By = change.Enabled, one.Name.Value
	}
	if change.Base.Present() {
		r.Tuned.Bases = append(r.Tuned.Bases, change.Base)
	}
	for _, e := range change.Exceptions {
		t.exception(r, e)
	}
	r.Tuned.Tests = append(r.Tuned.Tests, change.Tests...)
}

// once reports whether nobody set the thing before; a second setting is a contradiction, even with the same value.
func (t *tuner) once(thing string, at diag.Text, words string) bool {
	first, taken := t.first[thing]
	if taken {
		t.report(at, CodeConflict, words+" is set twice", fmt.Sprintf("the other place is %s", first.Pos))
		return false
	}
	t.first[thing] = at
	return true
}

func (t *tuner) exception(r *Rule, e ExceptionRow) {
	at := slices.IndexFunc(r.Exceptions, func(s Exception) bool { return s.Name.Value == e.Exception.Value })
	if at < 0 {
		var known []string
		for _, s := range r.Exceptions {
			known = append(known, s.Name.Value)
		}
		suggestion := didYouMean(e.Exception.Value, known)
		switch {
		case suggestion == "" && len(known) == 0:
			suggestion = "its author opened none: change the severity, disable the rule, or write one of your own"
		case suggestion == "":
			suggestion = "it has " + strings.Join(known, ", ")
		}
		t.report(e.Exception, CodeTarget, fmt.Sprintf("the rule `%s` has no slot `%s` for exceptions", r.ID.Value, e.Exception.Value), suggestion)
		return
	}
	slot := &r.Exceptions[at]
	if len(e.Values) != len(slot.Fields) {
		if len(e.Values) > 0 { // an empty row was reported
			t.problems = append(t.problems, wrongWidth(e.Values, slot))
		}
		return
	}
	r.Tuned.Exceptions = append(r.Tuned.Exceptions, e)
	t.expiry(r, e)
}

func (t *tuner) expiry(r *Rule, e ExceptionRow) {
	if e.Expires.IsZero() {
		return
	}
	switch left := e.Expires.Sub(t.now); {
	case left <= 0:
		t.warn(e.Reason, CodeExpiry, fmt.Sprintf("the exception `%s` of `%s` worked until %s, and works no more: renew it or take it out",
			e.Exception.Value, r.ID.Value, e.Until()))
	case left <= expiryNotice:
		t.warn(e.Reason, CodeExpiry, fmt.Sprintf("the exception `%s` of `%s` ends soon: it works until %s", e.Exception.Value, r.ID.Value, e.Until()))
	}
}

func (t *tuner) list(pack *tunable, change *TunedList) {
	if !change.Name.Present() {
		return
	}
	if l := pack.lists[change.Name.Value]; l != nil {
		t.items(l, change)
		return
	}
	t.report(change.Name, CodeTarget, fmt.Sprintf("the pack has no list `%s`", change.Name.Value), t.near.suggest(change.Name.Value, maps.Keys(pack.lists)))
}

// items adds and removes. To add in one place what another removes is a contradiction; to remove what isn't there may
// be a typing error, or the pack has moved on.
func (t *tuner) items(l *List, change *TunedList) {
	key := func(item diag.Text) string { return "list " + l.Name.Value + " " + l.fold(item.Value) }
	present := map[string]bool{}
	for _, item := range l.declared() {
		present[l.fold(item)] = true
	}
	for _, item := range change.Add {
		if first, taken := t.first["remove "+key(item)]; taken {
			t.contradiction(item, first)
		}
		t.first["add "+key(item)] = item
		l.Added = append(l.Added, item)
	}
	for _, item := range change.Remove {
		if first, taken := t.first["add "+key(item)]; taken {
			t.contradiction(item, first)
		}
		t.first["remove "+key(item)] = item
		if !present[l.fold(item.Value)] {
			t.warn(item, CodeDrift, fmt.Sprintf("the list `%s` has no item `%s` to remove", l.Name.Value, item.Value))
		}
		l.Removed = append(l.Removed, item)
	}
}

func (t *tuner) contradiction(item, first diag.Text) {
	t.report(item, CodeConflict, fmt.Sprintf("`%s` is added to the list and removed from it", item.Value), fmt.Sprintf("the other place is %s", first.Pos))
}
