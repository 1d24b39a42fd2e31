package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/ruleset"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// demo are events as `riskrelay demo` sends them: a day and the attack in it, judged by the built-in rules.
func demo(t *testing.T) []enrich.Event {
	t.Helper()
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	rows := slices.Concat(story.Day(1, day, 2000), story.Attack(1, day))
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil {
		t.Fatal(err)
	}
	module := celrule.New()
	if err := module.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	parser, events := enrich.NewObjectParser(schema.TypeOf), make([]enrich.Event, len(rows))
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

// decoded is JSON as maps, lists and numbers as they are written.
func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil || d.More() {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// at is what stands at a path such as risk.rules.0.id; nil for nothing.
func at(value any, path string) any {
	for _, name := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
