package celrule_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

const everything = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - id: x.all
    title: All
    tables: [AuditLogs]
    when: event.success
    severity: medium
    adjust:
      - {if: event.actor.is_app, score: "+5", reason: an application}
      - {if: context.outside_hours(event.time), score: "+15", reason: at night}
      - {if: 'event.operation == "x"', severity: high, reason: an x}
      - {if: 'event.success', score: "+0", reason: nothing new}
    first_seen: {key: [event.actor.upn], window: 30d, else: {severity: low}}
    exceptions:
      - {name: who, doc: Two people, fields: [event.actor.upn], values: [[cleo@contoso.example]]}
      - {name: what, fields: [event.operation, event.actor.upn]}
      - {name: night, fields: ['context.outside_hours(event.time)'], values: [["true"]]}
    message: '{event.actor.upn} did {event.operation}'
    objects: [{type: user, value: event.actor.upn}]
`

const everythingTuned = `apiVersion: riskrelay/v1
kind: Tuning
metadata: {name: mine}
for: {pack: x}
rules:
  - id: x.all
    set: {score: 50}
    exceptions:
      who:
        - {values: [bob@contoso.example], reason: leaves soon, owner: iam@contoso.example, ticket: CHG-1, expires: 2026-01-31}
        - {values: [dan@contoso.example], reason: has left, expires: 2025-01-31}
      what: [{values: [x, eve@contoso.example], reason: her job, expires: never, effect: {severity: info}}]
`

// TestExplainMatches compares what is told of matches with the golden file: severity and score step by step, first_seen,
// exceptions, message and objects.
func TestExplainMatches(t *testing.T) {
	m := configured(
		t, "at: 2026-01-10T00:00:00Z",
		enrich.File{Name: "x.yaml", Data: []byte(everything)}, enrich.File{Name: "mine.yaml", Data: []byte(everythingTuned)},
	)
	row := func(operation, upn, at string) string {
		return `{"Type":"AuditLogs","TimeGenerated":"` + at + `","OperationName":"` + operation + `","Result":"success","InitiatedBy":{"user":{"userPrincipalName":"` + upn + `"}}}`
	}
	rows := []string{
		row("x", "ann@contoso.example", "2026-01-10T00:00:00Z"),
		row("y", "ann@contoso.example", "2026-01-10T01:00:00Z"),
		row("y", "bob@contoso.example", "2026-01-10T02:00:00Z"),
		row("y", "Cleo@contoso.example", "2026-01-10T03:00:00Z"),
		row("y", "dan@contoso.example", "2026-01-10T04:00:00Z"),
		row("x", "eve@contoso.example", "2026-01-10T05:00:00Z"),
		row("x", "", "2026-01-10T05:00:00Z"),
	}
	all := make([]enrich.Event, len(rows))
	for i, r := range rows {
		all[i] = event(t, r)
	}
	tags, err := m.Tag(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for i := range all {
		x, err := m.Explain(t.Context(), &all[i], "x.all")
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(x.Tags) != fmt.Sprint(tags[i]) {
			t.Errorf("explained as %+v, tagged %+v", x.Tags, tags[i])
		}
		last := x.Steps[len(x.Steps)-1]
		if last.Severity != tags[i][0].Severity || last.Score != tags[i][0].Score {
			t.Errorf("the steps end at %+v, the tag is %+v", last, tags[i][0])
		}
		fmt.Fprintf(&got, "%s\n%s", x.Outcome, x.AppendText(nil, "  "))
		asJSON, err := json.MarshalIndent(x, "  ", " ")
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			fmt.Fprintf(&got, "  %s\n", asJSON)
		}
	}
	golden(t, "explain_match.txt", got.String())
}

// TestExplainRemembersNothing holds that asking for a new key leaves it new.
func TestExplainRemembersNothing(t *testing.T) {
	m := configured(t, "", enrich.File{Name: "x.yaml", Data: []byte(everything)})
	first := event(t, `{"Type":"AuditLogs","TimeGenerated":"2026-01-10T00:00:00Z","Result":"success","InitiatedBy":{"user":{"userPrincipalName":"ann@contoso.example"}}}`)
	later := event(t, `{"Type":"AuditLogs","TimeGenerated":"2026-01-10T01:00:00Z","Result":"success","InitiatedBy":{"user":{"userPrincipalName":"ann@contoso.example"}}}`)
	for _, step := range []struct {
		event *enrich.Event
		want  string
	}{{&first, enrich.SeenNew}, {&later, enrich.SeenNew}, {&first, enrich.SeenNew}} {
		if x, err := m.Explain(t.Context(), step.event, "x.all"); err != nil || x.FirstSeen.Outcome != step.want {
			t.Errorf("got %+v, %v", x.FirstSeen, err)
		}
	}
	if _, err := m.Tag(t.Context(), []enrich.Event{first}); err != nil {
		t.Fatal(err)
	}
	if x, err := m.Explain(t.Context(), &later, "x.all"); err != nil || x.FirstSeen.Outcome != enrich.SeenBefore {
		t.Errorf("got %+v, %v", x.FirstSeen, err)
	}
}

// TestOpenBreaker holds that a rule that is switched off is measured and explained like any other.
func TestOpenBreaker(t *testing.T) {
	m := configured(t, "", pack("rules:\n  - {id: r.heavy, title: t, tables: [AuditLogs], severity: low, when: '"+heavyWhen+"'}\n"))
	heavy, light := event(t, heavyRow()), event(t, `{"Type":"AuditLogs","TargetResources":[]}`)
	many := slices.Repeat([]enrich.Event{heavy}, 5)
	if _, err := m.Tag(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if got := m.Stops("r.heavy"); got != (celrule.Stops{Events: 5, Off: true}) || offOf(t, m, "r.heavy") == "" {
		t.Fatalf("the rule is not switched off: %+v", got)
	}
	x, err := m.Explain(t.Context(), &light, "r.heavy")
	if err != nil || x.Outcome != enrich.OutcomeNoMatch || x.When.Result != enrich.ResultFalse || x.Limit != "the rule is switched off at the moment, as it took too long on other events" {
		t.Errorf("a light event: %+v, %v", x, err)
	}
	x, err = m.Explain(t.Context(), &heavy, "r.heavy")
	if err != nil || x.Outcome != enrich.OutcomeError || !strings.HasPrefix(x.Limit, "over 5ms on this event: ") {
		t.Errorf("a heavy event: %+v, %v", x, err)
	}
	only, err := m.Only("r.heavy")
	if err != nil {
		t.Fatal(err)
	}
	for _, measured := range []*celrule.Module{only, m.Unswitched()} {
		tags, err := measured.Tag(t.Context(), slices.Repeat([]enrich.Event{heavy}, 7))
		if err != nil || !strings.HasPrefix(tags[6][0].Error, "when: took too long") {
			t.Errorf("got %+v, %v", tags, err)
		}
		if got := measured.Stops("r.heavy"); got != (celrule.Stops{Events: 7, Off: true}) {
			t.Errorf("got %+v", got)
		}
	}
	if got := m.Stops("r.heavy"); got.Events != 5 {
		t.Errorf("measuring counts for the running rule: %+v", got)
	}
	if got := m.Stops("absent"); got != (celrule.Stops{}) {
		t.Errorf("got %+v", got)
	}
}

// TestBreachInAdjust holds that a step that takes too long counts once for an event, and doesn't switch the rule off.
func TestBreachInAdjust(t *testing.T) {
	m := configured(t, "", pack("rules:\n  - {id: r.heavy, title: t, tables: [AuditLogs], severity: low, when: 'true', adjust: ["+
		strings.TrimSuffix(strings.Repeat("{if: '"+heavyWhen+"', score: \"+1\", reason: R}, ", 6), ", ")+"]}\n"))
	for range 6 {
		if _, err := m.Tag(t.Context(), []enrich.Event{event(t, heavyRow())}); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Stops("r.heavy"); got.Off || got.Events != 6 {
		t.Errorf("got %+v", got)
	}
}
