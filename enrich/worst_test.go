package enrich

import (
	"context"
	"slices"
	"testing"
)

func TestTheWorstComesFirst(t *testing.T) {
	var r Risk
	r.Add("m", []Tag{
		{Rule: "a.low", Severity: Low, Score: 90},
		{Rule: "z.worst", Severity: Critical, Score: 20},
		{Rule: "b.high", Severity: High, Score: 10},
		{Rule: "c.higher", Severity: High, Score: 50},
		{Rule: "d.high", Severity: High, Score: 10},
		{Rule: "e.silent", Severity: Low, Suppressed: "x"},
		{Rule: "f.silent", Severity: High, Suppressed: "x"},
	})
	want := []string{"z.worst", "c.higher", "b.high", "d.high", "a.low"}
	if got := ids(r.Rules); !slices.Equal(got, want) || !slices.Equal(r.Tags, want) {
		t.Errorf("rules %v, tags %v, want %v", got, r.Tags, want)
	}
	copied := r
	if r.Add("n", []Tag{{Rule: "y.worse", Severity: Critical, Score: 90}}); !slices.Equal(copied.Tags, want) {
		t.Errorf("a copy from before another module's tags has %v", copied.Tags)
	}
	if got := ids(r.Suppressed); !slices.Equal(got, []string{"f.silent", "e.silent"}) {
		t.Errorf("suppressed %v", got)
	}
}

func ids(matches []Match) (all []string) {
	for _, m := range matches {
		all = append(all, m.ID)
	}
	return all
}

// pair matches with two rules of one severity.
type pair struct{}

func (pair) Describe(context.Context) (Description, error) { return Description{Name: "pair"}, nil }
func (pair) Configure(context.Context, Config) error       { return nil }
func (pair) Tag(_ context.Context, events []Event) (all [][]Tag, err error) {
	for range events {
		all = append(all, []Tag{
			{Rule: "a.told", Severity: High, Score: 60, Message: "told"},
			{Rule: "b.each", Severity: High, Score: 30},
		})
	}
	return all, nil
}

// The score of a rule that said the same of an earlier record counts there, so the other comes first.
func TestTheWorstComesFirstWhereScoresCountElsewhere(t *testing.T) {
	var events []Event
	for _, id := range []string{"e-1", "e-2"} {
		_, _, row, err := NewObjectParser(nil).Parse([]byte(`{"CorrelationId":"c"}`))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, Event{ID: id, Row: row})
	}
	NewEnricher(pair{}).Enrich(t.Context(), events)
	for i, want := range [][]string{{"a.told", "b.each"}, {"b.each", "a.told"}} {
		if r := &events[i].Risk; !slices.Equal(ids(r.Rules), want) || !slices.Equal(r.Tags, want) {
			t.Errorf("%s: rules %v, tags %v, want %v", events[i].ID, ids(r.Rules), r.Tags, want)
		}
	}
	if with := events[1].Risk.CountedWith(); !slices.Equal(with, []string{"e-1"}) {
		t.Errorf("counted with %v", with)
	}
}
