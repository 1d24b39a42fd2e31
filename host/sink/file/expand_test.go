package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/file"
)

// TestExpandJSON holds that expand_json is on unless it is switched off, and that the file source reads the same event from both lines.
func TestExpandJSON(t *testing.T) {
	parser := enrich.NewObjectParser(schema.TypeOf)
	table, _, row, err := parser.Parse([]byte(`{"Type":"AADManagedIdentitySignInLogs","ConditionalAccessPolicies":"[{\"id\":\"p1\"}]"}`))
	if err != nil {
		t.Fatal(err)
	}
	e := enrich.Event{ID: "0a000000-0000-4000-8000-000000000001", Table: table, Row: row}
	for _, expand := range []bool{true, false} {
		c := file.Defaults()
		c.Path = filepath.Join(t.TempDir(), "events.ndjson")
		if !expand {
			c.ExpandJSON = false
		}
		sink, err := file.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = sink.Send(t.Context(), []enrich.Event{e}); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), `"ConditionalAccessPolicies":[{"id":"p1"}]`); got != expand {
			t.Errorf("expand_json %v: %s", expand, text)
		}
		_, id, again, err := parser.Parse(text[:len(text)-1])
		if cell := enrich.Expand(again.Lookup("ConditionalAccessPolicies")); err != nil || id != e.ID || string(cell) != `[{"id":"p1"}]` {
			t.Errorf("expand_json %v: read again as %s of %s, %v", expand, cell, id, err)
		}
	}
}
