package loganalyticstest

import (
	"iter"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

// within is a database whose tables show only rows with TimeGenerated in a half-open span, as the time span of a
// request asks.
type within struct {
	kql.Database
	from, to time.Time
}

func (w within) Table(name string) (kql.Table, bool) {
	t, ok := w.Database.Table(name)
	if !ok {
		return nil, false
	}
	place := slices.IndexFunc(t.Columns(), func(c kql.Column) bool { return c.Name == "TimeGenerated" })
	return tableWithin{t, w, place}, true
}

type tableWithin struct {
	kql.Table
	span  within
	place int
}

func (t tableWithin) Rows(from, to time.Time) iter.Seq[kql.Row] {
	return func(yield func(kql.Row) bool) {
		for row := range t.Table.Rows(from, to) {
			text, err := enrich.Unquote(row.Cell(t.place))
			if err != nil {
				continue
			}
			at, err := time.Parse(time.RFC3339Nano, string(text))
			if err != nil || at.Before(t.span.from) || !at.Before(t.span.to) {
				continue
			}
			if !yield(row) {
				return
			}
		}
	}
}
