package enrich_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestWorstFirst holds that matches stand in the order of their severity, then of their score, and that the tags follow them.
func TestWorstFirst(t *testing.T) {
	var r enrich.Risk
	r.Add("cel", []enrich.Tag{
		{Rule: "a.low", Severity: enrich.Low, Score: 90}, {Rule: "y.high", Severity: enrich.High, Score: 60},
		{Rule: "b.info", Severity: enrich.Info}, {Rule: "z.critical", Severity: enrich.Critical, Score: 1},
		{Rule: "c.old", Severity: enrich.Low, Suppressed: "approved"}, {Rule: "d.old", Severity: enrich.High, Suppressed: "approved"},
	})
	copied := r
	r.Add("more", []enrich.Tag{{Rule: "z.high", Severity: enrich.High, Score: 70}, {Rule: "x.high", Severity: enrich.High, Score: 60}})
	want := []string{"z.critical", "z.high", "x.high", "y.high", "a.low", "b.info"}
	if !slices.Equal(r.Tags, want) {
		t.Errorf("tags %v, want %v", r.Tags, want)
	}
	var ids []string
	for _, m := range r.Rules {
		ids = append(ids, m.ID)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("rules %v, want %v", ids, want)
	}
	if r.Suppressed[0].ID != "d.old" {
		t.Errorf("suppressed %v", r.Suppressed)
	}
	if want := []string{"z.critical", "y.high", "a.low", "b.info"}; !slices.Equal(copied.Tags, want) {
		t.Errorf("what was copied before has the tags %v, want %v", copied.Tags, want)
	}
}

// twoOfOneSeverity matches each event with two rules, of which only the first says what tells it from other actions.
type twoOfOneSeverity struct{ saying }

func (twoOfOneSeverity) Tag(_ context.Context, events []enrich.Event) (tags [][]enrich.Tag, _ error) {
	for range events {
		tags = append(tags, []enrich.Tag{
			{Rule: "a.says", Severity: enrich.High, Score: 60, Message: "says"}, {Rule: "b.always", Severity: enrich.High, Score: 10},
		})
	}
	return tags, nil
}

// TestWorstFirstByWhatCounts holds that a match whose score counts with another record of the same action stands behind one of its
// severity that counts here.
func TestWorstFirstByWhatCounts(t *testing.T) {
	enricher := enrich.NewEnricher(twoOfOneSeverity{})
	for id, want := range []string{"a.says b.always", "b.always a.says"} {
		events := []enrich.Event{said(t, strconv.Itoa(id), "c", "x")}
		enricher.Enrich(t.Context(), events)
		r := events[0].Risk
		if got := r.Rules[0].ID + " " + r.Rules[1].ID; got != want || strings.Join(r.Tags, " ") != want {
			t.Errorf("record %d: %s, tags %v, want %s", id, got, r.Tags, want)
		}
	}
}
