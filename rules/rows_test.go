package rules_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// rowCase is a row as users have it, with what the built-in rules must and must not say of it: rows of the guide, and reasons.
type rowCase struct {
	Name      string          `json:"name"`
	Row       json.RawMessage `json:"row"`
	Must      []string        `json:"must"`
	MustNot   []string        `json:"must_not"`
	Reason    string          `json:"reason"`
	ReasonNot string          `json:"reason_not"`
	Context   json.RawMessage `json:"context"`
	Why       string          `json:"why"`
}

// TestRows judges the rows in testdata/rows.
func TestRows(t *testing.T) {
	names, err := filepath.Glob("testdata/rows/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatal("no rows", err)
	}
	modules := map[string]enrich.Module{} // by the context
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			var c rowCase
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			module := modules[string(c.Context)]
			if module == nil {
				module = c.module(t)
				modules[string(c.Context)] = module
			}
			t.Run(filepath.Base(name)+" "+c.Name, func(t *testing.T) { c.judge(t, module) })
		}
	}
}

// module is the built-in rules with the context of the case.
func (c *rowCase) module(t *testing.T) enrich.Module {
	t.Helper()
	config := enrich.Config{Files: files(t)}
	if c.Context != nil {
		config.Settings = append(append([]byte(`{"context":`), c.Context...), '}')
	}
	module := celrule.New()
	if err := module.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	return module
}

func (c *rowCase) judge(t *testing.T, module enrich.Module) {
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse(c.Row)
	if err != nil {
		t.Fatal(err)
	}
	events := []enrich.Event{enrich.NewEvent(table, row)}
	enrich.NewEnricher(module).Enrich(t.Context(), events)
	var guide, reasons []string
	for _, r := range events[0].Risk.Rules {
		guide, reasons = append(guide, r.Guide...), append(reasons, r.Reasons...)
	}
	has := func(want string) bool {
		return slices.ContainsFunc(guide, func(g string) bool { return g == want || strings.HasPrefix(g, want+"/") })
	}
	for _, want := range c.Must {
		if !has(want) {
			t.Errorf("no %s in %v (%s)", want, guide, c.Why)
		}
	}
	for _, not := range c.MustNot {
		if has(not) {
			t.Errorf("%s in %v (%s)", not, guide, c.Why)
		}
	}
	if c.Reason != "" && !slices.Contains(reasons, c.Reason) || c.ReasonNot != "" && slices.Contains(reasons, c.ReasonNot) {
		t.Errorf("reasons %v (%s)", reasons, c.Why)
	}
	for _, e := range events[0].Risk.Errors {
		t.Errorf("%s: %s", e.Rule, e.Reason)
	}
}
