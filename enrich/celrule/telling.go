package celrule

import (
	"fmt"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// telling records in an explanation how a match comes to its severity and score, step by step as the engine makes it. The methods
// of a nil telling do nothing, so that tagging doesn't pay for explanations.
type telling struct {
	of *compile.TableRule
	x  *enrich.Explanation
}

func (t *telling) step(by, reason string, tag *enrich.Tag) {
	t.x.Steps = append(t.x.Steps, enrich.Step{By: by, Reason: reason, Severity: tag.Severity, Score: tag.Score})
}

// rule records the severity and score that a match begins with, and where tuning files set them.
func (t *telling) rule(r *compile.TableRule, tag *enrich.Tag) {
	if t == nil {
		return
	}
	var tuned []string
	if s := r.Declared.Tuned.Severity; s.Present() {
		tuned = append(tuned, fmt.Sprintf("severity tuned at %s", s.Pos))
	}
	if s := r.Declared.Tuned.Score; s.Present() {
		tuned = append(tuned, fmt.Sprintf("score tuned at %s", s.Pos))
	}
	t.step("rule", strings.Join(tuned, ", "), tag)
}

// adjusted records an adjust step whose condition was true, and the tag after it.
func (t *telling) adjusted(s *compile.Step, tag *enrich.Tag) {
	if t != nil {
		t.step(compile.AdjustKey(s.Number), s.Reason, tag)
	}
}

// key records the values of first_seen's key. If the event lacks one, values end before it.
func (t *telling) key(values []string) {
	if t == nil {
		return
	}
	f := t.of.Declared.FirstSeen
	t.x.FirstSeen = &enrich.FirstSeen{Outcome: enrich.SeenNoKey, Key: valued(f.Key, values), Within: Days(f.Window)}
}

// outcome records whether the key was new, and the tag after that. pinned says that the context names the key as seen.
func (t *telling) outcome(first, pinned bool, tag *enrich.Tag) {
	if t == nil {
		return
	}
	seen := t.x.FirstSeen
	switch seen.Outcome = enrich.SeenBefore; {
	case first:
		seen.Outcome = enrich.SeenNew
		return
	case pinned:
		seen.Outcome = enrich.SeenContext
	}
	t.step("first_seen", compile.ReasonKnown, tag)
}

// exceptionFields records the values that an exception compares. If the event lacks one, values end before it.
func (t *telling) exceptionFields(name string, values []string) {
	if t == nil {
		return
	}
	var fields []diag.Text
	for _, s := range t.of.Declared.Exceptions {
		if s.Name.Value == name {
			fields = s.Fields
		}
	}
	t.x.Exceptions = append(t.x.Exceptions, enrich.Exception{Name: name, Fields: valued(fields, values)})
}

// exception records a row of an exception that fits the event, and what it does; ended says that its time is over.
func (t *telling) exception(row *compile.ExceptionRow, ended bool, tag *enrich.Tag) {
	if t == nil {
		return
	}
	known := &t.x.Exceptions[len(t.x.Exceptions)-1]
	one := enrich.ExceptionRow{Effect: enrich.ExceptSuppress, Reason: row.Reason, Tuning: row.Tuning}
	if !row.Expires.IsZero() {
		one.Until = row.Expires.UTC().Format(time.RFC3339)
	}
	switch {
	case ended:
		one.Effect = enrich.ExceptEnded
	case row.Lower != 0:
		one.Effect = enrich.ExceptLower + " " + row.Lower.String()
		by := compile.ExceptionKey(known.Name)
		t.step(by, strings.TrimPrefix(strings.TrimPrefix(row.Reason, by), ": "), tag)
	}
	known.Fits = append(known.Fits, one)
}

// valued pairs expressions with their values, for people. Values may end early, before the first that is missing.
func valued(expressions []diag.Text, values []string) []enrich.Value {
	out := make([]enrich.Value, len(expressions))
	for i, e := range expressions {
		out[i] = enrich.Value{Text: e.Value, Value: "(not evaluated)"}
		switch {
		case i < len(values):
			out[i].Value = fmt.Sprintf("%q", cutText(values[i], maxValue))
		case i == len(values):
			out[i].Value = "(no value)"
		}
	}
	return out
}

// Days writes a duration as rule files do: "30d", and "12h0m0s" for what isn't whole days.
func Days(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
