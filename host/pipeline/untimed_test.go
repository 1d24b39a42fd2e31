package pipeline_test

import (
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestUnknownTimesAreCountedAndToldOnce holds that each row whose time can't be read is counted, and the first of each stream told of.
func TestUnknownTimesAreCountedAndToldOnce(t *testing.T) {
	var told []string
	stats := &pipeline.Stats{Untimed: func(stream, text string) { told = append(told, stream+" "+text) }}
	parser := enrich.NewObjectParser(nil)
	read := func(stream string, rows ...string) {
		var events []enrich.Event
		for _, row := range rows {
			table, _, parsed, err := parser.Parse([]byte(row))
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, enrich.NewEvent(table, parsed))
		}
		stats.Read(stream, events)
	}
	read("a", `{"TimeGenerated":"2026-09-08 10:10:00"}`, `{"TimeGenerated":null}`, `{}`)
	read("a", `{"TimeGenerated":"soon"}`, `{"TimeGenerated":"later"}`)
	read("a", `{"TimeGenerated":"never"}`)
	read("b", `{"TimeGenerated":{"at":1}}`)
	if want := []string{"a soon", `b {"at":1}`}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	streams := stats.Figures().Streams
	if a, b := streams["a"].Untimed, streams["b"].Untimed; a != 5 || b != 1 {
		t.Errorf("counted %d and %d, want 5 and 1", a, b)
	}
}
