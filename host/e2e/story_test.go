//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// tagged returns rows as events that the built-in rules have tagged; context is the text of a context file, "" for none.
func tagged(t *testing.T, rows []story.Row, context string) []enrich.Event {
	t.Helper()
	options := ruleset.Options{Builtin: true}
	if context != "" {
		options.Context, options.At = filepath.Join(t.TempDir(), "context.yaml"), day().AddDate(0, 0, 1)
		if err := os.WriteFile(options.Context, []byte(context), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return taggedBy(t, rows, options)
}

// taggedBy are the rows as events, judged by the rules of the options.
func taggedBy(t *testing.T, rows []story.Row, options ruleset.Options) []enrich.Event {
	t.Helper()
	config, err := ruleset.Load(options)
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
	for i, e := range tagged(t, rows, "") {
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
