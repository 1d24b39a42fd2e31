package celrule

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// firstSeen lowers a match whose key was seen before. A key that the event doesn't have is never known.
func (w *worker) firstSeen(tag *enrich.Tag) []enrich.Tag {
	f := w.rule.FirstSeen
	if f == nil {
		return nil
	}
	values, ok, err := w.scalars(f.Key)
	w.told.key(values)
	switch {
	case err != nil:
		return w.failure(err, "first_seen")
	case !ok:
		return nil
	}
	at := w.Frame.Time()
	if at.IsZero() {
		at = w.now.Time
	}
	pinned := f.Pinned[strings.Join(values, "|")]
	first := !pinned && w.set.memory.Seen(w.Context, w.rule.Info.ID, digest(values), at, f.Window)
	if first {
		tag.Reasons = append(tag.Reasons, compile.ReasonFirst)
	} else {
		f.Known.Apply(tag)
	}
	w.told.outcome(first, pinned, tag)
	return nil
}

// scalars are the values of the expressions as texts in lower case; ok is false when the event lacks one, or has a list
// or a map in its place: values are those before it then.
func (w *worker) scalars(all []*compile.Expression) (values []string, ok bool, err error) {
	for _, e := range all {
		v, err := w.eval(e)
		if err != nil {
			if celval.IsMissing(err) {
				return values, false, nil
			}
			return nil, false, err
		}
		s := celval.Text(v)
		if s == "" {
			return values, false, nil
		}
		values = append(values, strings.ToLower(s))
	}
	return values, true, nil
}

// except applies the exceptions that fit the event. One that suppresses counts before one that lowers.
func (w *worker) except(tag *enrich.Tag) (failures []enrich.Tag) {
	for i := range w.rule.Exceptions {
		s := &w.rule.Exceptions[i]
		values, ok, err := w.scalars(s.Fields)
		w.told.exceptionFields(s.Name, values)
		if err != nil {
			failures = append(failures, w.failure(err, fmt.Sprintf("exception %q", s.Name))...)
		}
		if !ok {
			continue
		}
		for i := range s.Rows[values[0]] {
			w.exceptBy(&s.Rows[values[0]][i], values, tag)
		}
	}
	return failures
}

// exceptBy applies one exception when it fits and hasn't ended.
func (w *worker) exceptBy(row *compile.ExceptionRow, values []string, tag *enrich.Tag) {
	if !row.Fits(values) {
		return
	}
	ended := !row.Expires.IsZero() && !w.now.Before(row.Expires)
	if !ended {
		row.Apply(tag)
	}
	w.told.exception(row, ended, tag)
}
