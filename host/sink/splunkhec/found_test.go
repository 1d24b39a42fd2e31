package splunkhec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// What Splunk looks at when it takes fields out of an event's text.
// https://docs.splunk.com/Documentation/Splunk/latest/Admin/Limitsconf
const (
	extractionCutoff = 5000 // bytes: [spath] extraction_cutoff
	extractionLimit  = 100  // fields: [kv] limit
)

// signIn is a sign-in under so many policies as tenants have, tagged by rules.
func signIn(t *testing.T, policies, rules int) enrich.Event {
	t.Helper()
	line := []byte(`{"Type":"SigninLogs","TimeGenerated":"2026-03-01T09:00:00.123Z","UserPrincipalName":"grace@fabrikam.example","ConditionalAccessPolicies":[`)
	for i := range policies {
		if i > 0 {
			line = append(line, ',')
		}
		line = fmt.Appendf(line, `{"id":"p%02d","displayName":"CA%02d: require MFA of a group","enforcedGrantControls":["Mfa"],"result":"notApplied"}`, i, i)
	}
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse(append(line, "]}"...))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.NewEvent(table, row)
	var tags []enrich.Tag
	for i := range rules {
		tags = append(tags, enrich.Tag{Rule: fmt.Sprintf("a.mild%03d", i), Severity: enrich.Low, Score: 1, Message: "mild"})
	}
	e.Risk.Add("m", append(tags, enrich.Tag{Rule: "z.worst", Severity: enrich.Critical, Score: 90, Message: "worst", Mitre: []string{"T1098"}}))
	return e
}

// sent are the text and the indexed fields of an event as Splunk gets them.
func sent(t *testing.T, e *enrich.Event) (text json.RawMessage, fields map[string]any) {
	t.Helper()
	line, err := newEncoder(Defaults()).append(nil, e, headers{})
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct {
		Event  json.RawMessage
		Fields map[string]any
	}
	if err := json.Unmarshal(line, &envelope); err != nil {
		t.Fatal(err)
	}
	return envelope.Event, envelope.Fields
}

// TestRiskIsWhereSplunkLooks holds that the worst of an event is within what Splunk takes fields out of, however wide the row is and
// however many rules matched.
func TestRiskIsWhereSplunkLooks(t *testing.T) {
	for _, c := range []struct{ policies, rules int }{{1, 1}, {40, 1}, {400, 3}, {40, 200}} {
		e := signIn(t, c.policies, c.rules)
		e.Risk.Follows = "4e5f6071-followed"
		text, _ := sent(t, &e)
		if !bytes.HasPrefix(text, []byte(`{"event_id":"`+e.ID+`","risk":{"level":"critical","score":`)) {
			t.Errorf("%d policies, %d rules: begins with %.100s", c.policies, c.rules, text)
		}
		reach := text[:min(len(text), extractionCutoff)]
		at := bytes.Index(reach, []byte(`"z.worst"`))
		if follows := bytes.Index(text, []byte(`"follows":`)); follows < 0 || follows > extractionCutoff/10 {
			t.Errorf("%d policies, %d rules: what it follows stands at %d", c.policies, c.rules, follows)
		}
		if at < 0 || bytes.Count(reach[:at], []byte(`":`)) >= extractionLimit {
			t.Errorf("%d policies, %d rules: the worst rule is out of reach, at %d", c.policies, c.rules, at)
		}
	}
}

// TestIndexedFieldsCanBeFoundInTheText: without a fields.conf Splunk finds an indexed field only by a value that stands in the text, too.
func TestIndexedFieldsCanBeFoundInTheText(t *testing.T) {
	e := signIn(t, 40, 2)
	e.Risk.Rules[1].CountedWith, e.Risk.Rules[2].CountedWith = "0a1b2c3d-first", "0a1b2c3d-first"
	e.Risk.Follows = "4e5f6071-followed"
	text, fields := sent(t, &e)
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		values, many := value.([]any)
		if !many {
			values = []any{value}
		}
		for _, v := range values {
			if !strings.Contains(string(text), v.(string)) {
				t.Errorf("%s=%v isn't in the text", name, v)
			}
		}
		if _, twice := members[name]; twice && name != "event_id" {
			t.Errorf("%s would be shown twice", name)
		}
	}
	if got := fmt.Sprintf("%v %v %v", fields["event_id"], fields["counted_with"], fields["risk_follows"]); got != e.ID+" [0a1b2c3d-first] 4e5f6071-followed" {
		t.Errorf("indexed: %s", got)
	}
}

// TestExpandJSON holds that columns of an event have the types that they have in other tables, unless expand_json is off.
func TestExpandJSON(t *testing.T) {
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AADNonInteractiveUserSignInLogs","MfaDetail":"{\"authMethod\":\"push\"}"}`))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.NewEvent(table, row)
	if text, _ := sent(t, &e); !strings.Contains(string(text), `"MfaDetail":{"authMethod":"push"}`) {
		t.Errorf("text in %s", text)
	}
	c := Defaults()
	c.ExpandJSON = false
	if line, err := newEncoder(c).append(nil, &e, headers{}); err != nil || !strings.Contains(string(line), `"MfaDetail":"{\"authMethod\":\"push\"}"`) {
		t.Errorf("%v in %s", err, line)
	}
}
