package celrule

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// firstSeen asks the memory for the key of the match, and lowers the match if it was seen before. An event without all values of the
// key counts as new, and isn't remembered.
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

// scalars returns the values of the expressions as texts in lower case. If the event lacks one, or has a list or map in its place,
// ok is false and values are those before it.
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

// except applies all exceptions that fit the event: one that suppresses silences the tag, one that lowers changes its severity.
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
