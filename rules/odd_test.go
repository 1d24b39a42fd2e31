package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestOddRows holds that no rule fails on rows whose columns are absent, empty, null or of another shape than usual.
// The rows are those of the rules' tests with one column at a time replaced.
func TestOddRows(t *testing.T) {
	module := celrule.New()
	settings := `{"context": {"business_hours": {"zone": "UTC", "days": ["mon"], "from": "08:00", "to": "18:00"},
		"verified_domains": ["contoso.example"], "dns": {"x.example": "nxdomain"}, "credential_lifetime": "180d", "applications": [{}, {"web": null}],
		"lists": {"administrators": ["a"], "privileged_users": ["b"], "credential_types": ["c"], "approved_actors": ["e"], "federated_issuers": ["f"],
		"vault_identities": ["d"], "high_profile_users": ["f"]}, "seen": {"vault_access": ["g|h"]}}}`
	if err := module.Configure(t.Context(), enrich.Config{Files: files(t), Settings: []byte(settings)}); err != nil {
		t.Fatal(err)
	}
	if off := offRules(t, module); len(off) > 0 {
		t.Fatalf("rules that are off can't fail: %v", off)
	}
	tested := 0
	for _, row := range testRows(t) {
		events := oddEvents(t, row)
		tested += len(events)
		tags, err := module.Tag(t.Context(), events)
		if err != nil {
			t.Fatal(err)
		}
		for i, list := range tags {
			for _, tag := range list {
				if tag.Error != "" {
					t.Errorf("%s: %s\n%s", tag.Rule, tag.Error, events[i].AppendFields(nil))
				}
			}
		}
	}
	if tested < 1000 {
		t.Errorf("only %d odd rows were made", tested)
	}
}

func offRules(t *testing.T, module enrich.Module) (off []string) {
	t.Helper()
	about, err := module.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range about.Rules {
		if r.Off != "" {
			off = append(off, r.ID+" "+r.Off)
		}
	}
	return off
}

// testRows are the rows of the first test of each rule that fires, one a table.
func testRows(t *testing.T) (rows [][]byte) {
	t.Helper()
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			seen := map[string]bool{}
			for _, c := range r.Tests {
				if c.File.Present() {
					continue // one huge value; the others are what is replaced
				}
				table := tableOf(t, c.Events[0].JSON)
				if !c.Want.None && !seen[table] {
					seen[table] = true
					rows = append(rows, c.Events[0].JSON)
				}
			}
		}
	}
	return rows
}

func tableOf(t *testing.T, row []byte) string {
	t.Helper()
	table, _, _, err := enrich.NewObjectParser(nil).Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// oddEvents are events made of a row by leaving out or replacing each column in turn.
func oddEvents(t *testing.T, row []byte) (events []enrich.Event) {
	t.Helper()
	parser := enrich.NewObjectParser(schema.TypeOf)
	_, _, parsed, err := parser.Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	columns := parsed.Columns()
	for odd := range columns.Len() {
		name := columns.Name(odd)
		if name == "Type" {
			continue
		}
		for _, value := range oddValues(name) {
			var members []string
			for i := range columns.Len() {
				cell := string(parsed.Cell(i))
				if i == odd {
					cell = value
				}
				if cell != "" {
					members = append(members, fmt.Sprintf("%q:%s", columns.Name(i), cell))
				}
			}
			table, _, r, err := parser.Parse([]byte("{" + strings.Join(members, ",") + "}"))
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, enrich.NewEvent(table, r))
		}
	}
	return events
}

// oddValues are JSON texts to put into a column; the first leaves it out.
func oddValues(column string) []string {
	values := []string{"", "null", `""`, `"x"`, "7", "true"}
	if !slices.Contains([]string{
		"TargetResources", "InitiatedBy", "AdditionalDetails", "Identity", "Properties", "Claims", "web", "spa", "keyCredentials", "passwordCredentials",
	}, column) {
		return values
	}
	return append(values, "{}", "[]", "[null]", "[{}]", "[[]]", `"[{}]"`, `{"user":null}`, `{"app":7}`, `{"claim":null}`, `{"claim":[]}`,
		`{"requestbody":7}`, `{"requestbody":"{"}`, `"{\"requestbody\":\"{\\\"properties\\\":7}\"}"`,
		`[{"modifiedProperties":null}]`, `[{"type":null,"modifiedProperties":[null,{},{"displayName":null}]}]`,
		`[{"type":"Application","modifiedProperties":[{"displayName":"AppAddress","oldValue":7,"newValue":[7,{"Address":null},{"AddressType":"x"}]}]}]`,
		`[{"type":"Application","modifiedProperties":[{"displayName":"AppAddress","oldValue":"[{\"AddressType\":4}]","newValue":"[7,{\"Address\":7,\"AddressType\":4}]"}]}]`,
		`[{"type":7,"modifiedProperties":[{"displayName":"KeyDescription","newValue":"[\"[]\",\"[KeyIdentifier=\"]"}]}]`,
		`{"redirectUris":null}`, `{"redirectUris":[7,null,""]}`, `[{"endDateTime":"x"}]`, `[{"startDateTime":null,"endDateTime":null}]`)
}
