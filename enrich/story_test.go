package enrich_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// saying matches with the row's Says as the message, and with a second rule without a message.
type saying struct{}

func (saying) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{Name: "saying"}, nil
}

func (saying) Configure(context.Context, enrich.Config) error { return nil }

func (saying) Tag(_ context.Context, events []enrich.Event) (tags [][]enrich.Tag, _ error) {
	for i := range events {
		says := events[i].Text("Says")
		if says == "" {
			tags = append(tags, nil)
			continue
		}
		score := 60
		if n, err := strconv.Atoi(events[i].Text("Score")); err == nil {
			score = n
		}
		tags = append(tags, []enrich.Tag{
			{Rule: "a.says", Severity: enrich.High, Score: score, Message: says},
			{Rule: "b.always", Severity: enrich.Low, Score: 10},
		})
	}
	return tags, nil
}

func said(t *testing.T, id, correlation, says string) enrich.Event {
	t.Helper()
	parser := enrich.NewObjectParser(func(string, string) enrich.Type { return enrich.String })
	table, _, row, err := parser.Parse(fmt.Appendf(nil, `{"Type":"AuditLogs","CorrelationId":%q,"Says":%q}`, correlation, says))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.Event{ID: id, Table: table, Row: row}
}

// TestOneActionCountsOnce tells the records of one action from other records with the same correlation id.
func TestOneActionCountsOnce(t *testing.T) {
	enricher := enrich.NewEnricher(saying{})
	judge := func(id, correlation, says string) string {
		events := []enrich.Event{said(t, id, correlation, says)}
		enricher.Enrich(t.Context(), events)
		r := events[0].Risk
		out := fmt.Sprintf("%s group=%q score=%d level=%s", id, r.Group, r.Score, r.Level)
		for _, m := range r.Rules {
			out += fmt.Sprintf(" %s=%d<%s>", m.ID, m.Score, m.CountedWith)
		}
		return out
	}
	got := []string{
		judge("1", "C1", "ann changed orders"),
		judge("2", "c1", "ann changed orders"), // the service principal's record
		judge("3", "c1", "ann changed billing"),
		judge("1", "C1", "ann changed orders"), // read again
		judge("4", "c2", "ann changed orders"),
		judge("5", "", "ann changed orders"),
		judge("6", "00000000-0000-0000-0000-000000000000", "ann changed orders"),
		judge("7", "c1", ""),
	}
	want := `1 group="c1" score=70 level=high a.says=60<> b.always=10<>
2 group="c1" score=10 level=high a.says=0<1> b.always=10<>
3 group="c1" score=70 level=high a.says=60<> b.always=10<>
1 group="c1" score=70 level=high a.says=60<> b.always=10<>
4 group="c2" score=70 level=high a.says=60<> b.always=10<>
5 group="" score=70 level=high a.says=60<> b.always=10<>
6 group="" score=70 level=high a.says=60<> b.always=10<>
7 group="" score=0 level=`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

// TestTheHighestScoreCounts holds that an action counts with the highest score that one of its records has, whichever comes
// first, and that records that are read again keep theirs.
func TestTheHighestScoreCounts(t *testing.T) {
	enricher := enrich.NewEnricher(saying{})
	for _, step := range []struct {
		id         string
		has, score int
		with       string
	}{
		{"1", 20, 20, ""},
		{"2", 90, 70, "1"}, // the record that shows how bad it is comes second
		{"3", 50, 0, "1"},
		{"4", 95, 5, "1"},
		{"2", 90, 70, "1"},
		{"1", 20, 20, ""},
		{"3", 50, 0, "1"},
	} {
		parser := enrich.NewObjectParser(func(string, string) enrich.Type { return enrich.String })
		table, _, row, err := parser.Parse(fmt.Appendf(nil, `{"Type":"AuditLogs","CorrelationId":"c","Says":"x","Score":"%d"}`, step.has))
		if err != nil {
			t.Fatal(err)
		}
		events := []enrich.Event{{ID: step.id, Table: table, Row: row}}
		enricher.Enrich(t.Context(), events)
		if m := events[0].Risk.Rules[0]; m.Score != step.score || m.CountedWith != step.with {
			t.Errorf("event %s: score %d counted with %q, want %d and %q", step.id, m.Score, m.CountedWith, step.score, step.with)
		}
	}
}

// TestStoriesAreForgotten holds that what is remembered is bounded, and that what is forgotten counts again.
func TestStoriesAreForgotten(t *testing.T) {
	enricher := enrich.NewEnricher(saying{})
	score := func(id, correlation string) int {
		events := []enrich.Event{said(t, id, correlation, "x")}
		enricher.Enrich(t.Context(), events)
		return events[0].Risk.Score
	}
	first := score("1", "c")
	if second := score("2", "c"); first != 70 || second != 10 {
		t.Fatalf("scores %d and %d", first, second)
	}
	for i := range 1 << 16 {
		score("other", fmt.Sprint(i))
	}
	if third := score("3", "c"); third != 70 {
		t.Errorf("score %d of a story that is long over", third)
	}
}
