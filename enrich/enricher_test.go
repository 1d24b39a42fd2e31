package enrich

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// stub is a module that tags every event it wants with its name.
type stub struct {
	name   string
	tables []string
	err    error
	short  bool
	calls  []int
}

func (s *stub) Describe(context.Context) (Description, error) {
	return Description{Name: s.name, Selector: Selector{Tables: s.tables}}, nil
}
func (s *stub) Configure(context.Context, Config) error { return nil }
func (s *stub) Tag(_ context.Context, events []Event) ([][]Tag, error) {
	s.calls = append(s.calls, len(events))
	tags := make([][]Tag, len(events))
	for i := range events {
		tags[i] = []Tag{{Rule: s.name + "." + events[i].ID, Severity: Low}}
	}
	if s.short {
		tags = tags[1:]
	}
	return tags, s.err
}

func some(n int) []Event {
	events := make([]Event, n)
	for i := range events {
		events[i] = Event{ID: fmt.Sprint(i), Table: []string{"A", "B"}[i%2]}
	}
	return events
}

func TestEnrichAsksOnlyForWhatAModuleWants(t *testing.T) {
	all, onlyB := &stub{name: "all"}, &stub{name: "b", tables: []string{"B"}}
	events := some(1100)
	NewEnricher(all, onlyB).Enrich(t.Context(), events)
	for i, e := range events {
		want := []string{"all." + e.ID}
		if e.Table == "B" {
			want = append(want, "b."+e.ID)
		}
		if fmt.Sprint(e.Risk.Tags) != fmt.Sprint(want) {
			t.Fatalf("event %d: %v, want %v", i, e.Risk.Tags, want)
		}
	}
	if got := fmt.Sprint(all.calls, onlyB.calls); got != "[512 512 76] [256 256 38]" {
		t.Errorf("blocks %s", got)
	}
}

func TestEnrichFailsOpen(t *testing.T) {
	for name, bad := range map[string]*stub{
		"error":       {name: "bad", tables: []string{"B"}, err: errors.New("out of order")},
		"wrong count": {name: "bad", tables: []string{"B"}, short: true},
	} {
		t.Run(name, func(t *testing.T) {
			var told int
			e := NewEnricher(bad, &stub{name: "good"})
			e.Failed = func(_ string, events int, _ error) { told += events }
			events := some(4)
			e.Enrich(t.Context(), events)
			for _, ev := range events {
				wantErrors := 0
				if ev.Table == "B" {
					wantErrors = 1
				}
				if len(ev.Risk.Errors) != wantErrors || len(ev.Risk.Rules) != 1 {
					t.Errorf("event %s: %+v", ev.ID, ev.Risk)
				}
			}
			if told != 2 {
				t.Errorf("Failed was told of %d events", told)
			}
		})
	}
}
