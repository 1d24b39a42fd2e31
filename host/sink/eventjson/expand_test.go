package eventjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

func parsed(t *testing.T, line string) enrich.Event {
	t.Helper()
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.Event{ID: "e-1", Table: table, Row: row}
}

// TestOneColumnOneType holds that a column that has objects in one table is no text in another, in all tables that are known.
func TestOneColumnOneType(t *testing.T) {
	shape := eventjson.Shape{ExpandJSON: true}
	kinds := map[string]map[byte]string{} // first byte of the value -> a table that has it, by column
	for _, table := range schema.Tables() {
		line := fmt.Appendf(nil, `{"Type":%q`, table.Name)
		for _, c := range table.Columns {
			if c.JSON || c.Type == enrich.Dynamic {
				line = fmt.Appendf(line, `,%q:"{\"state\":\"US\",\"n\":[1]}"`, c.Name)
			}
		}
		e := parsed(t, string(line)+"}")
		text, err := shape.Append(nil, &e)
		var members map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal(text, &members)
		}
		if err != nil {
			t.Fatal(table.Name, err)
		}
		for _, c := range table.Columns {
			if c.JSON || c.Type == enrich.Dynamic {
				if kinds[c.Name] == nil {
					kinds[c.Name] = map[byte]string{}
				}
				kinds[c.Name][members[c.Name][0]] = table.Name
			}
		}
	}
	for name, has := range kinds {
		if len(has) > 1 {
			t.Errorf("%s is an object in %s and text in %s", name, has['{'], has['"'])
		}
	}
	if kinds["DeviceDetail"]['{'] == "" || kinds["AuthenticationDetails"]['"'] == "" {
		t.Errorf("objects %v, text in all tables %v", kinds["DeviceDetail"], kinds["AuthenticationDetails"])
	}
}

func TestExpandJSON(t *testing.T) {
	row := func(value string) string {
		return `{"Type":"AADNonInteractiveUserSignInLogs","DeviceDetail":` + value + `,"UserPrincipalName":"{\"a\":1}"}`
	}
	for value, want := range map[string]string{
		`"{\"os\":\"Linux\"}"`:             `{"os":"Linux"}`,
		`" [ {\"n\": 9007199254740993} ]"`: `[ {"n": 9007199254740993} ]`,
		`{"os":"Linux"}`:                   `{"os":"Linux"}`,
		`"{\"os\":\"Lin"`:                  `"{\"os\":\"Lin"`, // was cut
		`""`:                               `""`,
		`"none"`:                           `"none"`,
		`null`:                             `null`,
	} {
		e := parsed(t, row(value))
		got, err := eventjson.Shape{ExpandJSON: true}.Append(nil, &e)
		if full := `{"event_id":"e-1",` + strings.TrimPrefix(row(want), "{"); err != nil || string(got) != full {
			t.Errorf("%s: %s, %v, want %s", value, got, err, full)
		}
		asIs, err := eventjson.Shape{}.Append(nil, &e)
		if full := `{"event_id":"e-1",` + strings.TrimPrefix(row(value), "{"); err != nil || string(asIs) != full {
			t.Errorf("%s, not expanded: %s, %v", value, asIs, err)
		}
	}
}

// TestExpandedIsShortened holds that an event is made as much shorter as asked where opened columns are what makes it long.
func TestExpandedIsShortened(t *testing.T) {
	shape := eventjson.Shape{ExpandJSON: true}
	policies := `"[` + strings.Repeat(`{\"id\":\"p\",\"result\":\"notApplied\"},`, 200) + `{}]"`
	e := parsed(t, `{"Type":"AADNonInteractiveUserSignInLogs","ConditionalAccessPolicies":`+policies+`,"DeviceDetail":"{\"os\":\"Linux\"}"}`)
	before, err := shape.Append(nil, &e)
	if err != nil {
		t.Fatal(err)
	}
	for _, excess := range []int{1, 100, 3000, len(before) / 2} {
		short, ok := shape.Shorten(&e, excess)
		after, err := shape.Append(nil, &short)
		if !ok || err != nil || len(before)-len(after) < excess || !json.Valid(after) || !strings.Contains(string(after), `"DeviceDetail":{"os":"Linux"}`) {
			t.Errorf("excess %d: from %d to %d bytes, %v, %v", excess, len(before), len(after), ok, err)
		}
	}
	if e := sinktest.Event("e-2", "AuditLogs", `{}`, "x"); shortens(shape, &e) || shortens(shape, &enrich.Event{ID: "no row"}) {
		t.Error("shortened what is short")
	}
}

func shortens(s eventjson.Shape, e *enrich.Event) bool {
	_, ok := s.Shorten(e, 1<<20)
	return ok
}
