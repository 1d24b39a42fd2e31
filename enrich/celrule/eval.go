package celrule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// evaluate runs one rule on the event in the worker's frame. It returns no tag, the tag of a match with those of steps that failed,
// or the tag of an error.
func (w *worker) evaluate(r *activeInTable) (tags []enrich.Tag) {
	if !r.of.breaker.lets() {
		return w.skipped(r)
	}
	if w.Frame.Spent > compile.EventSteps {
		w.Frame.Skipped++
		return nil
	}
	defer func() {
		if p := recover(); p != nil { // a fault of this package must not stop the events
			tags = []enrich.Tag{{Rule: r.Info.ID, Error: fmt.Sprintf("internal error: %v", p)}}
		}
	}()
	w.rule, w.stopped = r, false
	w.Grant(compile.RuleSteps)
	if cap(w.lets) < len(r.Lets) {
		w.lets = make([]ref.Val, len(r.Lets))
	}
	w.lets = w.lets[:len(r.Lets)]
	clear(w.lets)
	holds, err := w.holds(r.When)
	switch {
	case err != nil:
		return w.failure(err, "when")
	case !holds:
		w.inTime()
		return nil
	}
	tags = w.match()
	w.inTime()
	return tags
}

// inTime tells the rule's breaker that it ended in time.
func (w *worker) inTime() {
	if w.rule.of.breaker.reset() {
		w.set.switched()
	}
}

// skipped returns a tag that says that the rule is off, for events that it might match; none for others.
func (w *worker) skipped(r *activeInTable) []enrich.Tag {
	if w.rule = r; w.impossible() {
		return nil
	}
	return []enrich.Tag{{Rule: r.Info.ID, Error: fmt.Sprintf("not judged: the rule took too long on %d events in a row and is off for up to %v",
		maxBreaches, coolDown)}}
}

// failure returns the tag for an error in the part of the rule called key. A missing field is no error but no match. Nor is an error
// reported for an event on which the index knows that the rule can't match: otherwise errors would depend on whether the index was
// used.
func (w *worker) failure(err error, key string) []enrich.Tag {
	if celval.IsMissing(err) {
		w.rule.of.missing.Add(1)
		return nil
	}
	if w.impossible() {
		return nil
	}
	text := key + ": " + explain(err)
	if isBreach(err) && w.breach() {
		text += fmt.Sprintf("; it happened %d times in a row, so that the rule is off and tried again in %v", maxBreaches, coolDown)
	}
	return []enrich.Tag{{Rule: w.rule.Info.ID, Error: text}}
}

// breach notes that the rule was stopped on this event, once, and reports whether that switched it off.
func (w *worker) breach() bool {
	if w.stopped {
		return false
	}
	w.stopped = true
	if !w.rule.of.breaker.breach() {
		return false
	}
	w.set.switched()
	return true
}

// impossible reports whether the index knows that the rule can't match the event.
func (w *worker) impossible() bool {
	return !w.tables[w.Frame.Table.Name].index.CanMatch(w.rule.place, w.Frame)
}

// explain says what went wrong in words for people.
func explain(err error) string {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		switch cancelled.Cause {
		case interpreter.CostLimitExceeded:
			return "took too long: the event is too large for this rule"
		case interpreter.ContextCancelled:
			return "stopped: time is up"
		}
	}
	if strings.HasPrefix(err.Error(), "no such overload") {
		return "a dynamic value has a type that the rule doesn't expect (" + err.Error() + ")"
	}
	return err.Error()
}

// holds evaluates a condition.
func (w *worker) holds(e *compile.Expression) (bool, error) {
	v, err := w.eval(e)
	if err != nil {
		return false, err
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, fmt.Errorf("want true or false, got %s", v.Type().TypeName())
	}
	return bool(b), nil
}

func (w *worker) eval(e *compile.Expression) (ref.Val, error) {
	if !w.PayFor(e) {
		return nil, interpreter.EvalCancelledError{Message: "spent too much", Cause: interpreter.CostLimitExceeded}
	}
	return e.Eval(w)
}

// ResolveName is a variable's value, for CEL.
func (w *worker) ResolveName(name string) (any, bool) {
	switch name {
	case compile.VarEvent:
		return w.Frame, true
	case compile.VarLists:
		return w.set.lists, true
	case compile.VarContext:
		return w.set.context, true
	case compile.VarNow:
		return w.now, true
	case compile.VarMeter:
		return &w.Budget, true
	}
	for i := range w.rule.Lets {
		if w.rule.Lets[i].Name == name {
			return w.let(i), true
		}
	}
	return nil, false
}

// Parent is nil: there are no outer variables.
func (w *worker) Parent() cel.Activation { return nil }

// let is the value of a let, evaluated once for each rule and event. An error is a value, too: it comes out where the
// let is used.
func (w *worker) let(i int) ref.Val {
	if w.lets[i] != nil {
		return w.lets[i]
	}
	v, err := w.eval(w.rule.Lets[i].Expression)
	if err == nil {
		err = tooLarge(v)
	}
	if err != nil {
		v = types.WrapErr(err)
	}
	w.lets[i] = v
	return v
}

// tooLarge keeps lets that double a value again and again from filling the memory.
func tooLarge(v ref.Val) error {
	const maxItems = 1 << 17
	switch v := v.(type) {
	case types.String:
		if len(v) > event.MaxText {
			return fmt.Errorf("a let makes a text of %d bytes, at most %d are allowed", len(v), event.MaxText)
		}
	case traits.Lister:
		if n, _ := v.Size().(types.Int); n > maxItems {
			return fmt.Errorf("a let makes a list of %d items, at most %d are allowed", n, maxItems)
		}
	}
	return nil
}

// match is the tag of a rule whose condition holds.
func (w *worker) match() []enrich.Tag {
	r := w.rule
	tag := enrich.Tag{
		Rule: r.Info.ID, Revision: r.Info.Revision, Pack: r.Info.Pack, Guide: r.Info.Guide, Mitre: r.Info.Mitre,
		Severity: r.Info.Severity, Score: r.Score,
	}
	w.told.rule(w.rule.TableRule, &tag)
	failures := w.firstSeen(&tag)
	for i := range r.Adjust {
		holds, err := w.holds(r.Adjust[i].When)
		if err != nil {
			failures = append(failures, w.failure(err, fmt.Sprintf("adjust %q", r.Adjust[i].Reason))...)
			continue
		}
		if holds {
			r.Adjust[i].Apply(&tag)
			w.told.adjusted(&r.Adjust[i], &tag)
		}
	}
	failures = append(failures, w.except(&tag)...)
	tag.Message = w.message()
	tag.Objects = w.objects()
	return append([]enrich.Tag{tag}, failures...)
}

// maxMessage bounds a message, which holds texts that other people chose.
const maxMessage = 2000

// unknownText stands in a message for a value that the event doesn't have.
const unknownText = "(unknown)"

func (w *worker) message() string {
	var b strings.Builder
	for _, p := range w.rule.Message {
		if p.Expr == nil {
			b.WriteString(p.Fixed)
			continue
		}
		v, err := w.eval(p.Expr)
		if err != nil {
			b.WriteString(unknownText)
			continue
		}
		if s := celval.Display(v); s != "" {
			b.WriteString(s)
		} else {
			b.WriteString(unknownText)
		}
	}
	return cutText(oneLine(b.String()), maxMessage)
}

// maxObject bounds the value of an object.
const maxObject = 512

func (w *worker) objects() (out []enrich.Object) {
	for _, o := range w.rule.Objects {
		v, err := w.eval(o.Value)
		if err != nil {
			continue // no such field in this event
		}
		if s := cutText(oneLine(celval.Display(v)), maxObject); s != "" {
			out = append(out, enrich.Object{Type: o.Type, Value: s})
		}
	}
	return out
}
