package celrule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// sharedPack has all that a context and a clock can change: a rule that needs a part, one with a step and an exception that do,
// and one that remembers.
const sharedPack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
lists: [{name: people, items: [ann]}]
rules:
  - {id: my.needs, title: t, tables: [AuditLogs], when: event.OperationName in context.list("watched"), severity: low}
  - id: my.step
    title: t
    tables: [AuditLogs, SigninLogs]
    when: event.OperationName != ""
    severity: low
    adjust: [{if: 'context.outside_hours(event.time)', severity: high, reason: at night}]
    exceptions: [{name: watched, fields: ['event.OperationName in context.list("watched")'], values: [["true"]]}]
  - {id: my.seen, title: t, tables: [AuditLogs], when: event.OperationName != "", severity: low, first_seen: {key: [event.OperationName], window: 1d, else: {severity: info}}}
`

// TestContextsShareRules configures a module for one context after the other, and compares its tags, its description and its
// warnings with those of a module that has seen nothing before.
func TestContextsShareRules(t *testing.T) {
	contexts := []string{
		``,
		`{context: {lists: {watched: [a]}}}`,
		`{context: {business_hours: {zone: UTC, days: [mon], from: "08:00", to: "17:00"}}, at: 2026-03-02T10:00:00Z}`,
		`{context: {business_hours: {zone: UTC, days: [mon], from: "08:00", to: "17:00"}, lists: {watched: [b]}}, at: 2026-03-02T20:00:00Z}`,
		`{context: {seen: {my.seen: [a]}}}`,
		``,
	}
	events := []enrich.Event{
		event(t, `{"OperationName":"a","TimeGenerated":"2026-03-02T10:00:00Z"}`),
		event(t, `{"OperationName":"b","TimeGenerated":"2026-03-02T20:00:00Z"}`),
	}
	shared := celrule.New()
	for _, settings := range contexts {
		config := enrich.Config{Files: []enrich.File{{Name: "x.yaml", Data: []byte(sharedPack)}}, Settings: []byte(settings)}
		again, alone := shared.Fresh(), celrule.New()
		if diff := cmp.Diff(said(t, alone, config, events), said(t, again, config, events)); diff != "" {
			t.Errorf("%s: alone and shared differ:\n%s", settings, diff)
		}
	}
}

// spoken is all that a configured module says.
type spoken struct {
	Tags     [][]enrich.Tag
	About    enrich.Description
	Warnings string
	LeftOut  map[string][]string
}

func said(t *testing.T, m *celrule.Module, config enrich.Config, events []enrich.Event) (out spoken) {
	t.Helper()
	if err := m.Configure(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	var err error
	if out.Tags, err = m.Tag(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if out.About, err = m.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	out.Warnings, out.LeftOut = m.Warnings().Error(), map[string][]string{}
	for _, r := range out.About.Rules {
		d, err := m.Detail(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		out.LeftOut[r.ID] = d.LeftOut
	}
	return out
}
