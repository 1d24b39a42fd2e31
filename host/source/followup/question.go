package followup

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Question is an event that went on its way while it wasn't known what DNS says of all its hosts.
type Question struct {
	Event enrich.Event
	Hosts []string
}

// question is a Question as it is kept.
type question struct {
	ID       string            `json:"id"`
	Table    string            `json:"table"`
	Row      json.RawMessage   `json:"row"`
	Since    time.Time         `json:"since"`
	Hosts    []string          `json:"hosts"`
	Told     []string          `json:"told,omitempty"`     // rules that the event, or a follow-up, says something of
	Verdicts map[string]string `json:"verdicts,omitempty"` // those that are final
	size     int
}

func newQuestion(q *Question, now time.Time) *question {
	e := &q.Event
	row := e.AppendFields([]byte{'{'})
	if e.Lookup("Type") == nil {
		if len(row) > 1 {
			row = append(row, ',')
		}
		row = enrich.AppendString(append(row, `"Type":`...), e.Table)
	}
	kept := &question{
		ID: e.ID, Table: e.Table, Row: append(row, '}'), Since: now, Hosts: slices.Clone(q.Hosts), Verdicts: map[string]string{},
	}
	for _, list := range [][]enrich.Match{e.Risk.Rules, e.Risk.Suppressed} {
		for i := range list {
			kept.Told = append(kept.Told, list[i].ID)
		}
	}
	return kept
}

// event is the event as it was.
func (q *question) event(parser *enrich.ObjectParser) (enrich.Event, error) {
	_, _, row, err := parser.Parse(slices.Clone(q.Row))
	if err != nil {
		return enrich.Event{}, fmt.Errorf("read the row of event %s again: %w", q.ID, err)
	}
	e := enrich.NewEvent(q.Table, row)
	e.ID = q.ID
	return e, nil
}

// settled reports whether nothing more will be learned.
func (q *question) settled() bool { return len(q.Verdicts) == len(q.Hosts) }

// news are the matches among tags that nobody was told of.
func (q *question) news(tags []enrich.Tag) (matches []enrich.Tag) {
	for _, t := range tags {
		if t.Error == "" && t.Suppressed == "" && !slices.Contains(q.Told, t.Rule) {
			matches = append(matches, t)
		}
	}
	return matches
}

// with is a copy of q that also knows that the matches were told.
func (q *question) with(matches []enrich.Tag) *question {
	next := *q
	next.Told, next.Verdicts = slices.Clone(q.Told), maps.Clone(q.Verdicts)
	for _, m := range matches {
		next.Told = append(next.Told, m.Rule)
	}
	return &next
}
