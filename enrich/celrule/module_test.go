package celrule_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// pack wraps rules, macros and lists in a rule file.
func pack(body string) enrich.File {
	return enrich.File{Name: "test.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: test, version: 1.0.0}\n" + body)}
}

func configured(t testing.TB, settings string, files ...enrich.File) *celrule.Module {
	t.Helper()
	m := celrule.New()
	if err := m.Configure(context.Background(), enrich.Config{Files: files, Settings: []byte(settings)}); err != nil {
		t.Fatal(err)
	}
	return m
}

// event makes an event of a row written as JSON.
func event(t testing.TB, row string) enrich.Event {
	t.Helper()
	p := enrich.NewObjectParser(schema.TypeOf)
	table, _, parsed, err := p.Parse([]byte(row))
	if err != nil {
		t.Fatalf("parse the row: %v\n%s", err, row)
	}
	return enrich.NewEvent(table, parsed)
}

func tag(t testing.TB, m enrich.Module, rows ...string) [][]enrich.Tag {
	t.Helper()
	var events []enrich.Event
	for _, r := range rows {
		events = append(events, event(t, r))
	}
	tags, err := m.Tag(context.Background(), events)
	if err != nil {
		t.Fatal(err)
	}
	return tags
}

const credentialRule = `
lists:
  - name: noise
    items: [ef5d5c69-a5df-46bb-acaf-426f161a21a2]
macros:
  - name: is_app_change
    params: [op]
    expr: op.startsWith("update application") || op == "add service principal credentials"
rules:
  - id: entra.app.credential.added
    title: Credential added
    tables: [AuditLogs]
    guide: [credentials-added]
    let:
      keys: event.change("KeyDescription")
      added: keys.added.map(k, credential(k))
    when: |
      macros.is_app_change(event.operation)
        && event.success && size(added) > 0
        && !(event.actor.app_id in lists.noise)
    severity: high
    adjust:
      - if: context.outside_hours(event.time)
        score: "+20"
        reason: outside business hours
      - if: added.exists(c, c.usage == "Sign")
        severity: medium
        reason: signing key
      - if: keys.items_old.size() == 0
        score: "+5"
        reason: first credential
    message: "{event.actor.label} added {added.map(c, c.type)} {{{size(added)}}} to {event.target('Application').label}"
    objects:
      - {type: user, value: event.actor.upn}
      - {type: application, value: event.target("Application").id}
      - {type: nothing, value: "event.TargetResources[7].id"}
    mitre: [T1098.001]
`

const credentialRow = `{"Type":"AuditLogs","TimeGenerated":"2026-03-02T22:10:00.1234567Z","OperationName":"Update application – Certificates and secrets management ","Result":"success","InitiatedBy":"{\"user\":{\"id\":\"u1\",\"userPrincipalName\":\"ann@contoso.example\",\"ipAddress\":\"::ffff:203.0.113.9\"},\"app\":null}","TargetResources":[{"id":"a1","displayName":"orders","type":"Application","modifiedProperties":[{"displayName":"KeyDescription","oldValue":"[]","newValue":"[\"[KeyIdentifier=B7A1,KeyType=Password,KeyUsage=Verify,DisplayName=tmp, a=b]\"]"}]}]}`

func TestTag(t *testing.T) {
	m := configured(t, `{context: {business_hours: {zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}}}`, pack(credentialRule))
	tags := tag(t, m, credentialRow, strings.Replace(credentialRow, `"success"`, `"failure"`, 1), `{"Type":"SigninLogs"}`)
	about, _ := m.Describe(context.Background())
	want := []enrich.Tag{{
		Rule: "entra.app.credential.added", Revision: about.Rules[0].Revision, Pack: "test@1.0.0", Guide: []string{"credentials-added"},
		Severity: enrich.High, Score: 95, Reasons: []string{"outside business hours", "first credential"},
		Message: "ann@contoso.example added Password {1} to orders",
		Objects: []enrich.Object{{Type: "user", Value: "ann@contoso.example"}, {Type: "application", Value: "a1"}},
		Mitre:   []string{"T1098.001"},
	}}
	if diff := cmp.Diff([][]enrich.Tag{want, nil, nil}, tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}
