package rulefile

import (
	"regexp"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Tuning is one file of kind Tuning: what an operator changes about a pack that belongs to somebody else.
type Tuning struct {
	File  string
	Name  diag.Text
	Pack  diag.Text  // the pack that it is about
	For   Constraint // the versions of the pack that it was written for; absent means all
	Rules []TunedRule
	Lists []TunedList
}

// TunedRule changes one rule.
type TunedRule struct {
	ID         diag.Text
	Base       diag.Text // revision of the rule that the change was made for, or of its parts; absent is not checked
	Severity   diag.Text
	Score      Score
	Enabled    diag.Text // true or false
	Exceptions []ExceptionRow
	Tests      []Test // of the rule as it is with all tuning files applied
}

// TunedList changes the items of one list.
type TunedList struct {
	Name        diag.Text
	Add, Remove []diag.Text
}

// ExceptionRow is one set of values that a tuning file adds to an exception that a rule opens.
type ExceptionRow struct {
	Tuning    string // the name of the tuning file, for people
	Exception diag.Text
	Pos       diag.Pos
	Values    Tuple
	Reason    diag.Text
	Owner     diag.Text
	Ticket    diag.Text
	Expires   time.Time // from then on it doesn't work; zero for never
	Lower     diag.Text // the severity that the match is lowered to; absent means that it is suppressed
}

// Until says for people how long the exception works: "the end of 2027-01-31 (UTC)" when it was given by its last day, a
// time in UTC otherwise, "" when it never ends.
func (e *ExceptionRow) Until() string {
	at := e.Expires.UTC()
	switch {
	case e.Expires.IsZero():
		return ""
	case at.Equal(at.Truncate(24 * time.Hour)):
		return "the end of " + at.AddDate(0, 0, -1).Format(time.DateOnly) + " (UTC)"
	}
	return at.Format(time.DateTime + " UTC")
}

// ParseTuning reads the tuning file called name, which stands in messages only. The tuning holds what could be read, even
// beside errors; it is nil when data isn't YAML at all.
func ParseTuning(name string, data []byte) (tuning *Tuning, problems diag.Problems) {
	problems = read(name, data, func(d *decoder, root *node) { tuning = d.tuning(root) })
	return tuning, problems
}

func (d *decoder) tuning(root *node) *Tuning {
	t := &Tuning{File: d.source.File}
	if meta := root.child("metadata"); meta != nil {
		d.path = strings.TrimSpace("tuning " + meta.childText("name"))
	}
	d.fields(root, "a tuning file", []field{
		{"apiVersion", required, func(n *node) { d.constant(n, apiVersion) }},
		{"kind", required, func(n *node) { d.constant(n, kindTuning) }},
		{"metadata", required, func(n *node) {
			d.fields(n, "metadata", []field{{"name", required, func(n *node) { t.Name = d.text(n, packName) }}})
		}},
		{"for", required, func(n *node) {
			d.fields(n, "for", []field{
				{"pack", required, func(n *node) { t.Pack = d.text(n, packName) }},
				{"version", optional, func(n *node) { t.For = d.constraint(n) }},
			})
		}},
		{"rules", optional, func(n *node) { t.Rules = each(d, n, "", "rule", "id", d.tunedRule) }},
		{"lists", optional, func(n *node) { t.Lists = each(d, n, "", "list", "name", d.tunedList) }},
	})
	for i := range t.Rules {
		for j := range t.Rules[i].Exceptions {
			t.Rules[i].Exceptions[j].Tuning = t.Name.Value
		}
	}
	return t
}

func (d *decoder) tunedRule(n *node) (r TunedRule) {
	d.fields(n, "a tuned rule", []field{
		{"id", required, func(n *node) { r.ID = d.text(n, dottedID) }},
		{"base", optional, func(n *node) { r.Base = d.text(n, revision) }},
		{"set", optional, func(n *node) {
			d.fields(n, "set", []field{
				{"severity", optional, func(n *node) { r.Severity = d.text(n, severity) }},
				{"score", optional, func(n *node) { r.Score = d.score(n, false) }},
				{"enabled", optional, func(n *node) { r.Enabled = d.boolean(n) }},
			})
		}},
		{"exceptions", optional, func(n *node) {
			d.entries(n, func(slot diag.Text, value *node) {
				for _, e := range each(d, value, "", "exception", "", d.exception) {
					e.Exception = slot
					r.Exceptions = append(r.Exceptions, e)
				}
			})
		}},
		{"tests", optional, func(n *node) { r.Tests = each(d, n, "tests", "test", "name", d.test) }},
	})
	d.testNames(r.Tests)
	return r
}

func (d *decoder) tunedList(n *node) (l TunedList) {
	d.fields(n, "a tuned list", []field{
		{"name", required, func(n *node) { l.Name = d.text(n, snakeCase) }},
		{"add", optional, func(n *node) { l.Add = d.items(n) }},
		{"remove", optional, func(n *node) { l.Remove = d.items(n) }},
	})
	return l
}

func (d *decoder) exception(n *node) (e ExceptionRow) {
	e.Pos = n.text.Pos
	d.fields(n, "an exception", []field{
		{"values", required, func(n *node) { e.Values = d.tuple(n) }},
		{"reason", required, func(n *node) { e.Reason = d.text(n, notBlank) }},
		{"owner", optional, func(n *node) { e.Owner = d.text(n, notBlank) }},
		{"ticket", optional, func(n *node) { e.Ticket = d.text(n, notBlank) }},
		{"expires", required, func(n *node) { e.Expires = d.expiry(n) }},
		{"effect", optional, func(n *node) { e.Lower = d.effect(n) }},
	})
	return e
}

// effect reads `suppress`, or {severity: WORD}, which is returned.
func (d *decoder) effect(n *node) (lower diag.Text) {
	if n.kind == mapping {
		d.fields(n, "effect", []field{{"severity", required, func(n *node) { lower = d.text(n, severity) }}})
		return lower
	}
	d.text(n, oneOf("suppress", "{severity: low}"))
	return diag.Text{}
}

// expiry reads a day, to whose end in UTC an exception works, a time, or `never`.
// isDay is what has the form of a day.
var isDay = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

// notDay says that a day such as 31 February doesn't exist; otherwise what to write for it.
func notDay(value, otherwise string) string {
	if isDay.MatchString(value) {
		return "there is no day " + value
	}
	return otherwise
}

func (d *decoder) expiry(n *node) time.Time {
	t := d.text(n, anything)
	if !t.Present() || t.Value == "never" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, t.Value); err == nil {
		return day.AddDate(0, 0, 1)
	}
	at, err := time.Parse(time.RFC3339, t.Value)
	if err != nil {
		d.problems = append(d.problems, t.Problem(CodeValue, 0, 0, notDay(t.Value, "want the last day, such as 2027-01-31, or `never`")))
	}
	return at
}

func (d *decoder) boolean(n *node) diag.Text {
	if !d.is(n, boolean) {
		return diag.Text{}
	}
	t := n.text
	t.Path, t.Value = d.path, strings.ToLower(t.Value)
	return t
}
