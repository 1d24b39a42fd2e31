package enrich

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func parser() *ObjectParser {
	return NewObjectParser(func(_, column string) Type {
		if column == "Dyn" {
			return Dynamic
		}
		return String
	})
}

func parse(t *testing.T, line string) (string, string, Row) {
	t.Helper()
	table, id, row, err := parser().Parse([]byte(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return table, id, row
}

func TestParseObject(t *testing.T) {
	table, id, row := parse(t, `{"Type":"AuditLogs","event_id":"0a1b2c3d-0a1b-2c3d-4e5f-001122334455-0.2","risk":{"score":9},"A":"a\u0062","N":12345678901234567890,`+
		`"Null":null,"Dyn":"{\"k\": [1,\n2]}","A":"again"}`)
	if table != "AuditLogs" || id != "0a1b2c3d-0a1b-2c3d-4e5f-001122334455-0.2" {
		t.Errorf("table %q, id %q", table, id)
	}
	got := "{" + string(row.AppendFields(nil)) + "}"
	want := `{"Type":"AuditLogs","N":12345678901234567890,"Null":null,"Dyn":{"k": [1, 2]},"A":"again"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if row.Text("A") != "again" || row.Text("N") != "" || row.Lookup("Absent") != nil {
		t.Errorf("A %q, N %q, Absent %q", row.Text("A"), row.Text("N"), row.Lookup("Absent"))
	}
}

func TestColumnsOfATenantAreNotTakenForOurs(t *testing.T) {
	if _, id, row, err := parser().ParseOwn([]byte(`{"Type":"Foo_CL","event_id":"4625","A":1,"risk":{"level":"low"}}`)); err != nil || id != "4625" || string(row.AppendFields(nil)) != `"Type":"Foo_CL","A":1` {
		t.Errorf("a line of ours: %q, %s, %v", id, row.AppendFields(nil), err)
	}
	_, id, row := parse(t, `{"Type":"Foo_CL","event_id":"4625","risk":"high"}`)
	if got := string(row.AppendFields(nil)); id != "" || got != `"Type":"Foo_CL","event_id_column":"4625","risk_column":"high"` {
		t.Errorf("id %q, row %s", id, got)
	}
}

func TestDynamicColumns(t *testing.T) {
	for _, c := range []struct{ cell, want string }{
		{`"{\"a\":1}"`, `{"a":1}`},
		{`" [1] "`, `[1]`},
		{`{"a":1}`, `{"a":1}`},
		{`"[not json"`, `"[not json"`},
		{`"plain"`, `"plain"`},
		{`""`, `""`},
		{`null`, `null`},
		{`"` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `"`, `"` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `"`},
	} {
		_, _, row := parse(t, `{"Dyn":`+c.cell+`}`)
		if got := string(row.JSON(0)); got != c.want {
			t.Errorf("%s: got %s", c.cell, got)
		}
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for _, line := range []string{``, `[]`, `"x"`, `{"a":1`, `{"a":1} x`, `{"a":}`, `{"a":1,}`, `{1:2}`, `nope`} {
		if _, _, _, err := parser().Parse([]byte(line)); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

func TestDigestDependsOnContentAlone(t *testing.T) {
	digest := func(line string) string { _, _, row := parse(t, line); return row.Digest() }
	same := digest(`{"Type":"T","A":"1","Dyn":{"k":1}}`)
	if got := digest(`{"Dyn":"{\"k\":1}","A":"1","Type":"T"}`); got != same {
		t.Error("the order of columns or the form of a dynamic column changes the digest")
	}
	if digest(`{"Type":"T","A":"2","Dyn":{"k":1}}`) == same {
		t.Error("other content has the same digest")
	}
}

func TestNewEvent(t *testing.T) {
	_, _, row := parse(t, `{"Type":"T","TimeGenerated":"2026-01-02T03:04:05.1234567Z","_ItemId":"item-1"}`)
	e := NewEvent("T", row)
	if e.ID != "item-1" || e.Time.Nanosecond() != 123456700 {
		t.Errorf("id %q, time %v", e.ID, e.Time)
	}
	_, _, row = parse(t, `{"Type":"T"}`)
	if e := NewEvent("T", row); len(e.ID) != 32 || !e.Time.IsZero() {
		t.Errorf("id %q, time %v", e.ID, e.Time)
	}
}

func TestSplitArray(t *testing.T) {
	columns := NewColumns([]string{"risk", "Dyn"}, []Type{Long, Dynamic})
	row, err := SplitArray(columns, []byte(` [ 9007199254740993 , "{\"a\":\"x`+"\xff"+`\"}" ]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(row.AppendFields(nil)), `"risk_column":9007199254740993,"Dyn":{"a":"x`+"\uFFFD"+`"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{`[1]`, `[1,2,3]`, `[1,2`, `[1 2]`, `{}`, `[]`, ``} {
		if _, err := SplitArray(columns, []byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseObject(f *testing.F) {
	f.Add([]byte(`{"Type":"T","A":"a","Dyn":"{\"b\":[1]}","A":2}`))
	f.Add([]byte(`{"risk":1,"event_id":"e","Dyn":"[\n\r]","\u0041":"\ud800"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		p := parser()
		_, _, row, err := p.Parse(line)
		if json.Valid(line) && line[firstByte(line)] == '{' && err != nil && !deep(line) {
			t.Fatalf("%q refused: %v", line, err)
		}
		if err != nil {
			return
		}
		out := "{" + string(row.AppendFields(nil)) + "}"
		if !json.Valid([]byte(out)) || strings.ContainsAny(out, "\n\r") {
			t.Fatalf("%q became %q", line, out)
		}
		_, _, again, err := p.Parse([]byte(out))
		if err != nil || again.Digest() != row.Digest() && row.Columns().Len() > 0 && again.Columns().Len() == row.Columns().Len() {
			t.Fatalf("%q changed when it was read again: %v", out, err)
		}
	})
}

func firstByte(line []byte) int { return min(skipSpace(line, 0), len(line)-1) }

func TestRiskAddMergesInAnyOrder(t *testing.T) {
	a := Tag{Rule: "b.rule", Severity: High, Score: 70, Objects: []Object{{"user", "u"}}, Mitre: []string{"T1098"}}
	b := Tag{Rule: "a.rule", Severity: Low, Score: 40, Objects: []Object{{"user", "u"}}, Mitre: []string{"T1098", "T1528"}}
	c := Tag{Rule: "c.rule", Error: "broken"}
	d := Tag{Rule: "d.rule", Severity: Critical, Suppressed: "approved"}
	var one, two Risk
	one.Add("m", []Tag{a, b, c, d})
	two.Add("m", []Tag{d, c})
	two.Add("m", []Tag{b, a})
	if !reflect.DeepEqual(one, two) {
		t.Errorf("%+v\n%+v", one, two)
	}
	got, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"level":"high","score":100,"tags":["b.rule","a.rule"],"rules":[` +
		`{"id":"b.rule","severity":"high","score":70,"mitre":["T1098"]},{"id":"a.rule","severity":"low","score":40,"mitre":["T1098","T1528"]}],` +
		`"objects":[{"type":"user","value":"u"}],"suppressed":[{"id":"d.rule","severity":"critical","score":0,"suppressed":"approved"}],` +
		`"errors":[{"rule":"c.rule","module":"m","reason":"broken"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if techniques := one.Techniques(); !reflect.DeepEqual(techniques, []string{"T1098", "T1528"}) {
		t.Errorf("techniques %v", techniques)
	}
}
