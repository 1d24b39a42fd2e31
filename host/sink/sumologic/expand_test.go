package sumologic

import (
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestLongExpandedLines holds that a line whose opened columns make it too long is shortened to the limit, with expand_json and without.
func TestLongExpandedLines(t *testing.T) {
	policies := `"[` + strings.Repeat(`{\"id\":\"p\",\"result\":\"notApplied\"},`, 300) + `{}]"`
	line := `{"Type":"AADServicePrincipalSignInLogs","ConditionalAccessPolicies":` + policies + `,"LocationDetails":"{\"city\":\"Delft\"}"}`
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.Event{ID: "e-1", Table: table, Row: row}
	for expand, want := range map[bool]string{true: `"LocationDetails":{"city":"Delft"}`, false: `"LocationDetails":"{\"city\":\"Delft\"}"`} {
		c := Defaults()
		if !c.ExpandJSON {
			t.Error("expand_json is off")
		}
		c.ExpandJSON = expand
		text, short, err := appendLine(nil, c.shape(), &e, 2048)
		if err != nil || !short || len(text) > 2049 || !strings.Contains(string(text), want) {
			t.Errorf("expand_json %v: %d bytes, shortened %v, %v: %.200s", expand, len(text), short, err, text)
		}
	}
}
