package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// tagged returns rows as events that the built-in rules have tagged, without any context.
func tagged(t *testing.T, rows []story.Row) []enrich.Event {
	t.Helper()
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		t.Fatal(err)
	}
	module := celrule.New()
	if err := module.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	parser := enrich.NewObjectParser(schema.TypeOf)
	events := make([]enrich.Event, len(rows))
	for i, r := range rows {
		_, _, row, err := parser.Parse(slices.Clone(r.JSON))
		if err != nil {
			t.Fatal(err)
		}
		events[i] = enrich.NewEvent(r.Table, row)
	}
	enrich.NewEnricher(module).Enrich(t.Context(), events)
	return events
}

func day() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

// TestTheAttackIsFound checks that each step of the attack is tagged with the rows of the guide that it stands for.
func TestTheAttackIsFound(t *testing.T) {
	rows := story.Attack(1, day())
	for i, e := range tagged(t, rows) {
		var found []string
		for _, r := range e.Risk.Rules {
			found = append(found, r.Guide...)
		}
		for _, want := range rows[i].Guide {
			if !slices.Contains(found, want) {
				t.Errorf("%s (%s): not tagged %s; tags %v\n%s", rows[i].Step, rows[i].About, want, e.Risk.Tags, rows[i].JSON)
			}
		}
		if len(e.Risk.Errors) > 0 {
			t.Errorf("%s: %v", rows[i].Step, e.Risk.Errors)
		}
	}
}

// TestAnOrdinaryDayIsSilent checks that everyday events get no tag above info.
func TestAnOrdinaryDayIsSilent(t *testing.T) {
	rows := story.Day(1, day(), 20_000)
	loud := map[string]int{}
	for i, e := range tagged(t, rows) {
		for _, r := range e.Risk.Rules {
			if r.Severity > enrich.Info {
				if loud[r.ID]++; loud[r.ID] <= 2 {
					t.Logf("%s\n%s", r.Message, rows[i].JSON)
				}
			}
		}
		if len(e.Risk.Errors) > 0 {
			t.Fatalf("%v\n%s", e.Risk.Errors, rows[i].JSON)
		}
	}
	for rule, n := range loud {
		t.Errorf("%s tagged %d everyday events", rule, n)
	}
}
