package eventjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// crowded is an event with a long cell, ten small columns and rules of all severities.
func crowded(t *testing.T) enrich.Event {
	t.Helper()
	text := `{"OperationName":"Update application","Message":"` + strings.Repeat("x", 2000) + `"`
	for i := range 10 {
		text += fmt.Sprintf(`,"Column%d":"%s"`, i, strings.Repeat("y", 50+i))
	}
	_, _, row, err := enrich.NewObjectParser(nil).Parse([]byte(text + "}"))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.Event{ID: "e-1", Table: "AuditLogs", Row: row}
	e.Risk.Add("m", []enrich.Tag{
		{Rule: "a.low", Severity: enrich.Low, Score: 5, Message: "a", Objects: []enrich.Object{{Type: "user", Value: "u"}}},
		{Rule: "b.critical", Severity: enrich.Critical, Score: 90, Message: strings.Repeat("b", 500)},
		{Rule: "c.low", Severity: enrich.Low, Score: 5, Message: "c"},
		{Rule: "d.high", Severity: enrich.High, Score: 60, Message: "d"},
		{Rule: "e.quiet", Severity: enrich.High, Suppressed: "an exception"},
		{Rule: "f.broken", Error: "no such column"},
	})
	return e
}

// shown is what is left of an event.
type shown struct {
	Message string
	Columns int `json:"columns_omitted"`
	Risk    enrich.Risk
}

// TestWhatGoesFirst takes ever more away and checks what is gone: long cells, then columns, then the mildest rules.
func TestWhatGoesFirst(t *testing.T) {
	e := crowded(t)
	before, err := eventjson.Append(nil, &e)
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]bool{}
	for excess := 1; ; excess += 5 {
		short, ok := eventjson.Shorten(&e, excess)
		if !ok {
			break
		}
		after, err := eventjson.Append(nil, &short)
		var got shown
		if err != nil || len(before)-len(after) < excess || json.Unmarshal(after, &got) != nil {
			t.Fatalf("%d bytes saved of %d, %v: %s", len(before)-len(after), excess, err, after)
		}
		stages[stage(t, &got)] = true
	}
	for _, want := range []string{"cells", "columns", "rules", "texts"} {
		if !stages[want] {
			t.Errorf("nothing was shortened by %s: %v", want, stages)
		}
	}
	if len(e.Risk.Rules) != 4 || e.Risk.Omitted != 0 || len(e.Text("Message")) != 2000 {
		t.Error("the event itself was changed")
	}
}

// stage is what was given up last; what comes before it must be gone.
func stage(t *testing.T, got *shown) string {
	t.Helper()
	cell := !strings.HasSuffix(got.Message, "x")
	rules := make([]string, 0, 4)
	for _, m := range got.Risk.Rules {
		rules = append(rules, m.ID)
	}
	if got.Risk.Level != enrich.Critical || got.Risk.Score != 100 || strings.Join(rules, " ") != strings.Join(got.Risk.Tags, " ") {
		t.Errorf("the risk changed: %+v", got.Risk)
	}
	switch {
	case got.Risk.Omitted > 0:
		orders := []string{
			"b.critical d.high a.low c.low", "b.critical d.high a.low", "b.critical d.high", "b.critical",
		}
		if at := min(3, max(0, got.Risk.Omitted-1)); !cell || got.Columns != 11 || strings.Join(rules, " ") != orders[at] {
			t.Errorf("%d omitted, %d columns, rules left: %v", got.Risk.Omitted, got.Columns, rules)
		}
		if strings.Contains(got.Risk.Rules[min(1, len(rules)-1)].Message+got.Risk.Rules[0].Message, "...[shortened]") {
			return "texts"
		}
		return "rules"
	case got.Columns > 0:
		if !cell || len(rules) != 4 {
			t.Errorf("%d columns went before the long cell, or with rules: %v", got.Columns, rules)
		}
		return "columns"
	}
	if !cell || len(rules) != 4 {
		t.Errorf("the long cell wasn't first: %.100s, %v", got.Message, rules)
	}
	return "cells"
}
