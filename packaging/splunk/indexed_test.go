package splunk_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
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

// TestIndexedFields: fields.conf names exactly what the sink for HEC sends as indexed fields.
func TestIndexedFields(t *testing.T) {
	var got strings.Builder
	server, err := hectest.Start(hectest.Config{Token: "fake-token", Output: &got})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := splunkhec.Defaults()
	c.URL, c.TokenFile = server.URL, filepath.Join(t.TempDir(), "token")
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
	var sent struct{ Fields map[string]any }
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
}
