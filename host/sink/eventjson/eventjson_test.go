package eventjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

func TestShapes(t *testing.T) {
	e := sinktest.Event("e-1", "AuditLogs", `{"a":[1]}`, "hello")
	tagged := e
	tagged.Risk.Add("cel", []enrich.Tag{{Rule: "a.b", Severity: enrich.Low, Score: 5}})
	late := tagged
	late.Late = true
	kept := sinktest.Event("e-1", "AuditLogs", `{"a":[1]}`, "hello")
	_, _, row, err := enrich.NewObjectParser(nil).Parse([]byte(`{"late":true,"Type":"T"}`))
	if err != nil {
		t.Fatal(err)
	}
	kept.Row, kept.Late = row, true
	untyped := enrich.Event{ID: "e-2", Table: "Custom_CL"}
	names := enrich.NewColumns([]string{"A", "B"}, []enrich.Type{enrich.String, enrich.Long})
	halfEmpty := enrich.Event{ID: "e-3", Table: "Custom_CL", Row: enrich.NewRow(names, []byte("7"), []enrich.Span{{}, {End: 1}})}
	columns := `"Type":"AuditLogs","Details":{"a":[1]},"Message":"hello"}`
	risk := `"risk":{"level":"low","score":5,"tags":["a.b"],"rules":[{"id":"a.b","severity":"low","score":5}]},`
	for want, e := range map[string]*enrich.Event{
		`{"event_id":"e-1",` + columns:                         &e,
		`{"event_id":"e-1",` + risk + columns:                  &tagged,
		`{"event_id":"e-1",` + risk + `"late":true,` + columns: &late,
		`{"event_id":"e-1","late":true,"Type":"T"}`:            &kept,
		`{"event_id":"e-2","Type":"Custom_CL"}`:                &untyped,
		`{"event_id":"e-3","Type":"Custom_CL","B":7}`:          &halfEmpty,
	} {
		if got, err := eventjson.Append(nil, e); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

// TestFileSourceReadsIt checks that a line gives back the event it was made of.
func TestFileSourceReadsIt(t *testing.T) {
	for _, e := range sinktest.Hostile() {
		line, err := eventjson.Append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		table, id, row, err := enrich.NewObjectParser(nil).Parse(line)
		if err != nil || table != e.Table || id != e.ID || row.Text("Message") != e.Text("Message") {
			t.Errorf("%s came back as %s of %s, %v", e.ID, id, table, err)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 5000), strings.Repeat("é\x01", 4000), strings.Repeat("\\\"", 3000)} {
		details := `["` + strings.Repeat("y", 3000) + `"]`
		e := sinktest.Event("e-1", "AuditLogs", details, text)
		before, _ := eventjson.Append(nil, &e)
		for _, excess := range []int{1, 100, 2000, 4000, 6500} {
			short, ok := eventjson.Shorten(&e, excess)
			after, err := eventjson.Append(nil, &short)
			if !ok || err != nil || len(before)-len(after) < excess {
				t.Fatalf("excess %d: from %d to %d bytes, %v, %v", excess, len(before), len(after), ok, err)
			}
			if !json.Valid(after) || !strings.Contains(string(after), "shortened by riskrelay: ") || short.ID != e.ID {
				t.Errorf("excess %d: %.300s", excess, after)
			}
		}
		if short, ok := eventjson.Shorten(&e, 1<<20); ok || short.Text("Message") != e.Text("Message") {
			t.Error("shortened by more than there is")
		}
	}
	if _, ok := eventjson.Shorten(&enrich.Event{ID: "no row"}, 1); ok {
		t.Error("shortened an event without a row")
	}
}

// FuzzShorten checks that a shortened event is JSON, and shorter by what was asked.
func FuzzShorten(f *testing.F) {
	f.Add(strings.Repeat("x", 600), `{"a":1}`, 10)
	f.Add(strings.Repeat("\u2028\"", 600), "["+strings.Repeat(`"\u0000",`, 300)+"1]", 500)
	f.Fuzz(func(t *testing.T, text, details string, excess int) {
		e := sinktest.Event("e", "T", details, text)
		before, err := eventjson.Append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		short, ok := eventjson.Shorten(&e, excess)
		after, err := eventjson.Append(nil, &short)
		if err != nil || !json.Valid(after) || ok && len(before)-len(after) < excess {
			t.Fatalf("from %d to %d bytes with %d asked, %v: %.200q", len(before), len(after), excess, err, after)
		}
	})
}

// TestRecordID has rows whose table has ids of records, of things, and none.
func TestRecordID(t *testing.T) {
	for row, want := range map[string]string{
		`{"Type":"AuditLogs","Id":"Directory_1"}`:                         `{"event_id":"e","record_id":"Directory_1","Type":"AuditLogs","Id":"Directory_1"}`,
		`{"Type":"AuditLogs_RST","Id":"Directory_1","record_id":"x"}`:     `{"event_id":"e","record_id":"Directory_1","Type":"AuditLogs_RST","Id":"Directory_1","record_id_column":"x"}`,
		`{"Type":"OfficeActivity","OfficeId":"o"}`:                        `{"event_id":"e","record_id":"o","Type":"OfficeActivity","OfficeId":"o"}`,
		`{"Type":"SigninLogs","Id":""}`:                                   `{"event_id":"e","Type":"SigninLogs","Id":""}`,
		`{"Type":"AADRiskyUsers","Id":"user"}`:                            `{"event_id":"e","Type":"AADRiskyUsers","Id":"user"}`,
		`{"Type":"AZKVAuditLogs","Id":"https://kv.vault.azure.net/keys"}`: `{"event_id":"e","Type":"AZKVAuditLogs","Id":"https://kv.vault.azure.net/keys"}`,
		`{"Type":"Mine_CL","Id":"x"}`:                                     `{"event_id":"e","Type":"Mine_CL","Id":"x"}`,
	} {
		table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(row))
		if err != nil {
			t.Fatal(err)
		}
		e := enrich.NewEvent(table, parsed)
		e.ID = "e"
		got, err := eventjson.Append(nil, &e)
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
		_, id, again, err := enrich.NewObjectParser(schema.TypeOf).ParseOwn(got)
		if err != nil || id != "e" || again.Lookup("record_id") != nil {
			t.Errorf("read again: %q, %v, %s", id, err, again.AppendFields(nil))
		}
	}
}
