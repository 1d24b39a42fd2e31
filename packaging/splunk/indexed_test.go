package splunk_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// richest is an event that has everything that the sink indexes.
func richest() enrich.Event {
	e := enrich.Event{ID: "e-2", Table: "AuditLogs"}
	e.Risk.Add("test", []enrich.Tag{{Rule: "a.b", Severity: enrich.High, Score: 70, Mitre: []string{"T1098"}, Objects: []enrich.Object{{Type: "user", Value: "ada"}}}})
	e.Risk.Rules[0].CountedWith, e.Risk.Follows = "e-1", "e-0"
	return e
}

// TestIndexedFields: fields.conf names exactly what the sink for HEC sends as indexed fields. It doesn't count in other apps, where it would
// hide events of others that have a field of such a name at search time; so each value is in the text, too, where Splunk looks for it there.
func TestIndexedFields(t *testing.T) {
	for _, shape := range []string{"columns", "stream"} {
		t.Run(shape, func(t *testing.T) { testIndexedFields(t, shape) })
	}
}

func testIndexedFields(t *testing.T, shape string) {
	t.Helper()
	var got strings.Builder
	server, err := hectest.Start(hectest.Config{Token: "fake-token", Output: &got})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := splunkhec.Defaults()
	c.URL, c.TokenFile, c.Shape = server.URL, filepath.Join(t.TempDir(), "token"), shape
	if err := os.WriteFile(c.TokenFile, []byte("fake-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	sink, err := splunkhec.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	if _, err := sink.Send(t.Context(), []enrich.Event{richest()}); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Fields map[string]any
		Event  json.RawMessage
	}
	if err := json.Unmarshal([]byte(got.String()), &sent); err != nil {
		t.Fatal(err)
	}
	stanzas := app(t).Conf["fields"]
	if d := cmp.Diff(slices.Sorted(maps.Keys(sent.Fields)), slices.Sorted(maps.Keys(stanzas))); d != "" {
		t.Errorf("fields.conf differs from what is sent:\n%s", d)
	}
	for name, s := range stanzas {
		if s["INDEXED"] != "true" {
			t.Errorf("%s isn't INDEXED", name)
		}
	}
	if export := app(t).Conf["meta"]["fields"]["export"]; export != "none" {
		t.Errorf("fields.conf counts in other apps: export = %s", export)
	}
	for name, v := range sent.Fields {
		values, many := v.([]any)
		if !many {
			values = []any{v}
		}
		for _, value := range values {
			if !regexp.MustCompile(`[":]` + regexp.QuoteMeta(fmt.Sprint(value)) + `[",}]`).Match(sent.Event) {
				t.Errorf("the value %v of %s isn't in the text: %s", value, name, sent.Event)
			}
		}
	}
}
