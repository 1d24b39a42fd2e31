package celrule_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// outcome is what a tag says, on one line.
func outcome(t enrich.Tag) string {
	s := fmt.Sprintf("%s %d [%s]", t.Severity, t.Score, strings.Join(t.Reasons, "; "))
	if t.Suppressed != "" {
		s += " suppressed: " + t.Suppressed
	}
	if t.Error != "" {
		s = "error: " + t.Error
	}
	return s
}

// auditRow is a row of AuditLogs by somebody at a time.
func auditRow(at, upn string) string {
	return `{"Type":"AuditLogs","TimeGenerated":"` + at + `","OperationName":"Update user","DurationMs":7,"InitiatedBy":{"user":{"id":"u1","userPrincipalName":"` + upn + `"}}}`
}

const firstSeenRule = `
rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    when: "true"
    severity: high
    first_seen:
      key: [event.actor.upn, event.DurationMs]
      window: 30d
      else: {severity: low}
    adjust: [{if: event.DurationMs == 7, score: "+1", reason: seven}]
`

func TestFirstSeen(t *testing.T) {
	m := configured(t, "", pack(firstSeenRule))
	ask := func(m enrich.Module, row string) string {
		t.Helper()
		tags := tag(t, m, row)[0]
		if len(tags) != 1 {
			return fmt.Sprintf("%+v", tags)
		}
		return outcome(tags[0])
	}
	const first, known = "high 71 [first seen; seven]", "low 21 [seen before; seven]"
	for i, c := range []struct{ at, upn, want string }{
		{"2026-03-02T10:00:00Z", "ann@contoso.example", first},
		{"2026-03-02T10:00:00Z", "ann@contoso.example", first}, // the same row, read again
		{"2026-03-02T11:00:00Z", "Ann@contoso.example", known},
		{"2026-03-02T11:00:00Z", "bob@contoso.example", first},
		{"2026-05-02T11:00:00Z", "ann@contoso.example", first}, // the window is over
		{"2026-03-02T12:00:00Z", "", "high 71 [seven]"},        // nobody: not known, and not remembered
		{"2026-03-02T13:00:00Z", "", "high 71 [seven]"},
	} {
		if got := ask(m, auditRow(c.at, c.upn)); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
	if err := m.Configure(context.Background(), enrich.Config{Files: []enrich.File{pack(firstSeenRule)}}); err != nil {
		t.Fatal(err)
	}
	if got := ask(m, auditRow("2026-03-02T12:00:00Z", "bob@contoso.example")); got != known {
		t.Errorf("a reload forgets: %s", got)
	}
	pinned := configured(t, `{context: {seen: {a.b: ["Eve@contoso.example|7"]}}}`, pack(firstSeenRule))
	if got := ask(pinned, auditRow("2026-03-02T12:00:00Z", "eve@contoso.example")); got != known {
		t.Errorf("a key that the context has: %s", got)
	}
	faulty := configured(t, "", pack(strings.Replace(firstSeenRule, "event.actor.upn", `string(1 / (event.DurationMs - 7))`, 1)))
	if tags := tag(t, faulty, auditRow("2026-03-02T12:00:00Z", "x"))[0]; len(tags) != 2 || outcome(tags[0]) != "high 71 [seven]" || outcome(tags[1]) != "error: first_seen: division by zero" {
		t.Errorf("a key that fails: %+v", tags)
	}
}

const slotRule = `
rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    when: "true"
    severity: high
    adjust: [{if: event.actor.upn == "root", severity: critical, reason: root}]
    exceptions:
      - name: robot
        doc: A robot at work
        fields: [event.actor.upn, event.DurationMs]
        values: [[[robot@contoso.example, r2@contoso.example], "7"]]
      - name: person
        fields: [event.actor.upn]
      - name: odd
        fields: [event.InitiatedBy.nothing]
        values: [[x]]
`

const slotTuning = `
apiVersion: riskrelay/v1
kind: Tuning
metadata: {name: acme}
for: {pack: test, version: ">=1 <2"}
rules:
  - id: a.b
    exceptions:
      person:
        - {values: [Ann@contoso.example], reason: She is on duty, owner: iam@contoso.example, ticket: CHG-1, expires: 2026-03-31}
        - {values: [[bob@contoso.example, eve@contoso.example]], reason: On trial, expires: never, effect: {severity: low}}
        - {values: [bob@contoso.example], reason: Not higher than it is, expires: never, effect: {severity: high}}
`

func TestExceptions(t *testing.T) {
	tuning := enrich.File{Name: "tuning.yaml", Data: []byte(slotTuning)}
	const ann = "high 70 [] suppressed: exception person: She is on duty (owner iam@contoso.example, ticket CHG-1, until the end of 2026-03-31 (UTC), tuning acme)"
	const low = "low 20 [exception person: On trial (tuning acme)]"
	for _, c := range []struct{ at, upn, want string }{
		{"2026-03-02T00:00:00Z", "R2@contoso.example", "high 70 [] suppressed: exception robot: A robot at work"},
		{"2026-03-31T23:59:59Z", "ann@contoso.example", ann},
		{"2026-04-01T00:00:00Z", "ann@contoso.example", "high 70 []"}, // ended
		{"2026-03-02T00:00:00Z", "eve@contoso.example", low},
		{"2026-03-02T00:00:00Z", "bob@contoso.example", low},
		{"2026-03-02T00:00:00Z", "mallory@contoso.example", "high 70 []"},
	} {
		m := configured(t, "{at: "+c.at+"}", pack(slotRule), tuning)
		tags := tag(t, m, auditRow("2026-03-02T10:00:00Z", c.upn))[0]
		if len(tags) != 1 || outcome(tags[0]) != c.want {
			t.Errorf("%s at %s: %+v, want %s", c.upn, c.at, tags, c.want)
		}
	}
	risk := enrich.Risk{}
	risk.Add("cel", tag(t, configured(t, "{at: 2026-03-02T00:00:00Z}", pack(slotRule), tuning), auditRow("2026-03-02T10:00:00Z", "ann@contoso.example"))[0])
	if risk.Tagged() || len(risk.Suppressed) != 1 || risk.Suppressed[0].ID != "a.b" {
		t.Errorf("a suppressed match stays visible and doesn't count: %+v", risk)
	}
}

func warnings(m *celrule.Module) (out []string) {
	for _, w := range m.Warnings() {
		out = append(out, w.Pos.String()+" "+w.Code+" "+w.Message)
	}
	return out
}

func TestExpiryWarnings(t *testing.T) {
	for at, want := range map[string][]string{
		"2026-03-02T00:00:00Z": nil,
		"2026-03-20T00:00:00Z": {"tuning.yaml:10:51 R112 the exception `person` of `a.b` ends soon: it works until the end of 2026-03-31 (UTC)"},
		"2026-04-01T00:00:00Z": {"tuning.yaml:10:51 R112 the exception `person` of `a.b` worked until the end of 2026-03-31 (UTC), and works no more: renew it or take it out"},
	} {
		m := configured(t, "{at: "+at+"}", pack(slotRule), enrich.File{Name: "tuning.yaml", Data: []byte(slotTuning)})
		if diff := cmp.Diff(want, warnings(m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
	}
}
