package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	// SummaryTable is the table of the summaries' events.
	SummaryTable = "RiskrelaySummary"

	summaryEvery = time.Minute
	// firstSummaries is how far back the first summaries reach.
	firstSummaries = 24 * time.Hour
)

// Summaries is the stream of one event per stream and hour that says whether the hour is whole: how many rows the workspace
// has, how many were read, and how many each sink confirmed. An hour's events go out behind its first audit.
func (a *Auditor) Summaries() pipeline.Stream {
	s := pipeline.NewStream(pipeline.Summaries, "", "")
	s.Source, s.Plan = summaries{a}, a.planSummary
	return s
}

// planSummary is the next hour that was audited for every stream.
func (a *Auditor) planSummary(_ context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
	var through, first time.Time
	for _, s := range a.counted() {
		for _, joined := range s.state.Joined {
			if first.IsZero() || joined.Before(first) {
				first = joined
			}
		}
		if at := s.state.Audited[ages()[0].name]; through.IsZero() || at.Before(through) {
			through = at
		}
	}
	if frontier.IsZero() {
		if frontier = first; through.Add(-firstSummaries).After(first) {
			frontier = through.Add(-firstSummaries)
		}
		frontier = frontier.Truncate(time.Hour)
	}
	w = pipeline.Window{From: frontier, To: frontier.Add(time.Hour)}
	return w, summaryEvery, !through.IsZero() && !through.Before(w.To), nil
}

// counted are the streams that can be counted and have begun.
func (a *Auditor) counted() (list []begun) {
	for _, s := range a.Streams {
		if record, runs := a.Record(s.Name); runs && s.Count != nil && !s.Volatile {
			if state := record.State(); !state.Frontier.IsZero() {
				list = append(list, begun{s, state})
			}
		}
	}
	return list
}

type begun struct {
	stream pipeline.Stream
	state  *pipeline.State
}

// summaries is the source of the stream of summaries.
type summaries struct{ *Auditor }

// summary is the event about an hour of a stream.
type summary struct {
	Type    string             `json:"Type"`
	Time    time.Time          `json:"TimeGenerated"` // the hour's end
	From    time.Time          `json:"From"`
	To      time.Time          `json:"To"`
	Stream  string             `json:"Stream"`
	Table   string             `json:"Table"`
	State   State              `json:"State"`
	Rows    int64              `json:"Rows"`
	Read    int64              `json:"RowsRead"`
	Missing int64              `json:"RowsMissing"`
	Sinks   map[string]SinkBin `json:"Sinks"`
	// Changes are those of the table's columns, as "Foo (string) is new".
	Changes []string `json:"SchemaChanges"`
}

// Read delivers the events of an hour in one batch: a reading that was cut off begins anew.
func (s summaries) Read(ctx context.Context, w pipeline.Window, _ pipeline.Mark, deliver func(pipeline.Batch) error) error {
	defer s.Lock()() // a repair that is planned in between would look like missing rows
	var batch pipeline.Batch
	parser := enrich.NewObjectParser(summaryType)
	for _, one := range s.counted() {
		bins, _, err := s.Compare(ctx, one.stream, one.state, w.From, w.To, time.Hour)
		if err != nil {
			return err
		}
		b := Bin{Stream: one.stream.Name, Table: one.stream.Table, State: OK, Sinks: map[string]SinkBin{}}
		for _, sink := range s.Sinks {
			b.Sinks[sink] = SinkBin{State: OK}
		}
		if len(bins) > 0 {
			b = bins[0]
		}
		event, err := summarize(parser, b, w, s.changes(one.stream, w))
		if err != nil {
			return err
		}
		batch.Events = append(batch.Events, event)
	}
	if len(batch.Events) == 0 {
		return nil
	}
	return deliver(batch)
}

// changes are those of a stream's columns; none is an empty list.
func (s summaries) changes(stream pipeline.Stream, w pipeline.Window) []string {
	if source, ok := stream.Source.(changer); ok {
		return append([]string{}, source.Changes(w.From, w.To)...)
	}
	return []string{}
}

// changer is a source that notices changes of its columns.
type changer interface {
	// Changes are those whose first row was ingested from one time to before another.
	Changes(from, to time.Time) []string
}

func summarize(parser *enrich.ObjectParser, b Bin, w pipeline.Window, changes []string) (enrich.Event, error) {
	row := summary{
		Type: SummaryTable, Time: w.To.UTC(), From: w.From.UTC(), To: w.To.UTC(),
		Stream: b.Stream, Table: b.Table, State: b.State, Rows: b.Rows, Read: b.Read, Sinks: b.Sinks, Changes: changes,
	}
	for _, sink := range b.Sinks {
		row.Missing = max(row.Missing, sink.Missing)
	}
	text, err := json.Marshal(row)
	if err != nil {
		return enrich.Event{}, fmt.Errorf("encode the summary of %s: %w", b.Stream, err)
	}
	_, _, parsed, err := parser.Parse(text)
	if err != nil {
		return enrich.Event{}, fmt.Errorf("make an event of the summary of %s: %w", b.Stream, err)
	}
	e := enrich.NewEvent(SummaryTable, parsed)
	e.ID = "summary-" + b.Stream + "-" + w.From.UTC().Format(time.RFC3339)
	return e, nil
}

// summaryType is the type of a summary's column.
func summaryType(_, column string) enrich.Type {
	switch column {
	case "TimeGenerated", "From", "To":
		return enrich.Datetime
	case "Rows", "RowsRead", "RowsMissing":
		return enrich.Long
	case "Sinks", "SchemaChanges":
		return enrich.Dynamic
	}
	return enrich.String
}
