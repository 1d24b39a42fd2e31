package celrule

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
)

// look lowers a match whose key was seen before. A key that the event doesn't have is never known.
func (w *worker) look(tag *enrich.Tag) []enrich.Tag {
	f := w.rule.firstSeen
	if f == nil {
		return nil
	}
	values, ok, err := w.scalars(f.key)
	w.told.look(values)
	switch {
	case err != nil:
		return w.failure(err, "first_seen")
	case !ok:
		return nil
	}
	at, _ := w.rule.table.typ.fields["time"].get(w.frame).(types.Timestamp)
	if at.IsZero() {
		at = w.now
	}
	pinned := f.pinned[strings.Join(values, "|")]
	first := !pinned && w.set.memory.Seen(w.ctx, w.rule.info.ID, digest(values), at.Time, f.window)
	if first {
		tag.Reasons = append(tag.Reasons, reasonFirst)
	} else {
		f.known.apply(tag)
	}
	w.told.looked(first, pinned, tag)
	return nil
}

// scalars are the values of the expressions as texts in lower case; ok is false when the event lacks one, or has a list
// or a map in its place: values are those before it then.
func (w *worker) scalars(all []*expression) (values []string, ok bool, err error) {
	for _, e := range all {
		v, err := w.eval(e)
		if err != nil {
			if isMissing(err) {
				return values, false, nil
			}
			return nil, false, err
		}
		s := text(v)
		if s == "" {
			return values, false, nil
		}
		values = append(values, strings.ToLower(s))
	}
	return values, true, nil
}

// except applies the exceptions that fit the event. One that suppresses counts before one that lowers.
func (w *worker) except(tag *enrich.Tag) (failures []enrich.Tag) {
	for i := range w.rule.exceptions {
		s := &w.rule.exceptions[i]
		values, ok, err := w.scalars(s.fields)
		w.told.slot(s.name, values)
		if err != nil {
			failures = append(failures, w.failure(err, fmt.Sprintf("exception %q", s.name))...)
		}
		if !ok {
			continue
		}
		for i := range s.rows[values[0]] {
			w.exceptBy(&s.rows[values[0]][i], values, tag)
		}
	}
	return failures
}

// exceptBy applies one exception when it fits and hasn't ended.
func (w *worker) exceptBy(row *exceptionRow, values []string, tag *enrich.Tag) {
	if !row.fits(values) {
		return
	}
	ended := !row.expires.IsZero() && !w.now.Before(row.expires)
	if !ended {
		row.apply(tag)
	}
	w.told.fits(row, ended, tag)
}
