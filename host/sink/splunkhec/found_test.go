package splunkhec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// What Splunk reads of an event at search time: [spath] extraction_cutoff and [kv] limit.
// https://docs.splunk.com/Documentation/Splunk/latest/Admin/Limitsconf
const (
	extractedBytes  = 5000
	extractedFields = 100
)

// wideSignIn is a sign-in of a tenant with many conditional access policies, which matched very many rules.
func wideSignIn(t *testing.T, rules int) *enrich.Event {
	t.Helper()
	var policies []string
	for i := range 60 {
		policies = append(policies, fmt.Sprintf(`{"id":"policy-%d","displayName":"Require MFA for group %d","enforcedGrantControls":["Mfa"],"result":"notApplied"}`, i, i))
	}
	line := `{"TenantId":"11111111-2222-4333-8444-555555555555","ConditionalAccessPolicies":[` + strings.Join(policies, ",") + `],"UserPrincipalName":"grace@fabrikam.example","Type":"SigninLogs"}`
	_, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	e := &enrich.Event{ID: "0a000000-0000-4000-8000-000000000001", Table: "SigninLogs", Time: time.Unix(1772355600, 0), Row: row}
	e.Risk.Follows = "0a000000-0000-4000-8000-000000000002"
	for i := range rules {
		e.Risk.Add("cel", []enrich.Tag{{
			Rule: fmt.Sprintf("entra.signin.rule_%03d", i), Severity: enrich.Severity(1 + i%5), Score: 5, Message: "Grace signed in", Mitre: []string{"T1078.004"},
		}})
	}
	if rules > 0 {
		e.Risk.Rules[rules-1].CountedWith = "0a000000-0000-4000-8000-000000000003"
	}
	return e
}

type envelope struct {
	Event  json.RawMessage
	Fields map[string]any
}

func envelopeOf(t *testing.T, e *enrich.Event) (out envelope) {
	t.Helper()
	line, err := newEncoder(Defaults()).append(nil, e, headers{})
	if err == nil {
		err = json.Unmarshal(line, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRiskIsExtracted holds that the worst that is known of an event stands where Splunk extracts fields, however wide the row is
// and however many rules matched.
func TestRiskIsExtracted(t *testing.T) {
	for _, rules := range []int{1, 2, 200} {
		event := string(envelopeOf(t, wideSignIn(t, rules)).Event)
		begin, _, ok := strings.Cut(event, `"risk":{`)
		if !ok || len(begin) >= extractedBytes || strings.Count(begin, `":`) >= extractedFields {
			t.Errorf("%d rules: risk begins at byte %d, behind %d fields", rules, len(begin), strings.Count(begin, `":`))
		}
		for _, name := range []string{`{"event_id":"`, `"level":"`, `"score":`, `"follows":"`} {
			if at := strings.Index(event, name); at < 0 || at > extractedBytes/10 {
				t.Errorf("%d rules: %s at byte %d", rules, name, at)
			}
		}
	}
}

// TestIndexedValuesStandInTheEvent holds that each indexed field can be found in a Splunk that doesn't know it as one: it is searched
// for as VALUE AND NAME=VALUE then, and VALUE alone means in the event's text.
func TestIndexedValuesStandInTheEvent(t *testing.T) {
	got := envelopeOf(t, wideSignIn(t, 3))
	for name, value := range got.Fields {
		list, many := value.([]any)
		if !many {
			list = []any{value}
		}
		for _, one := range list {
			quoted, bare := fmt.Sprintf("%q", one), fmt.Sprintf(":%s,", one)
			if !strings.Contains(string(got.Event), quoted) && !strings.Contains(string(got.Event), bare) {
				t.Errorf("%s=%s isn't in the event", name, one)
			}
		}
	}
	for _, name := range []string{"event_id", "risk_level", "risk_score", "risk_rule", "mitre_technique_id", "counted_with", "risk_follows"} {
		if got.Fields[name] == nil {
			t.Errorf("no indexed field %s in %v", name, got.Fields)
		}
	}
}

// TestOnlyTheIDHasTwoNamesakes holds that no indexed field but event_id has the name of a member of the event, so that no other one is
// shown with its value twice.
func TestOnlyTheIDHasTwoNamesakes(t *testing.T) {
	got := envelopeOf(t, wideSignIn(t, 3))
	var members map[string]json.RawMessage
	if err := json.Unmarshal(got.Event, &members); err != nil {
		t.Fatal(err)
	}
	for name := range got.Fields {
		if _, both := members[name]; both != (name == "event_id") {
			t.Errorf("%s: in the event %v", name, both)
		}
	}
}
