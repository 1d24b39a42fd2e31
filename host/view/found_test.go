package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/rules"
)

// TestFound counts an event once a row, however many rules of the row match, with the highest of their severities.
func TestFound(t *testing.T) {
	f := NewFound()
	for _, line := range []string{
		`{"event": {"event_id": "1", "risk": {"level": "high", "score": 70, "tags": ["a", "b"], "rules": [
			{"id": "a", "guide": ["owner"], "severity": "low"}, {"id": "b", "guide": ["owner", "consent"], "severity": "high"}]}}}`,
		`{"event": {"event_id": "2", "risk": {"level": "low", "score": 10, "tags": ["a"], "rules": [{"id": "a", "guide": ["owner"], "severity": "low"}]}}}`,
		`{"event": {"event_id": "3"}}`,
	} {
		if err := f.Add([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Add([]byte("no event")); err == nil {
		t.Error("a line that is no event is counted")
	}
	guide := []rules.Row{{Slug: "owner", Title: "New owner", Risk: "medium"}, {Slug: "owner/1", Title: "a note"}, {Slug: "consent", Risk: "high"}, {Slug: "vault", Risk: "low"}}
	got := f.Rows(guide, map[string]string{"vault": "off: no vaults", "owner": "off: one of two"})
	want := []FoundRow{
		{Row: "owner", Title: "New owner", Risk: "medium", Events: 2, Highest: "high"},
		{Row: "consent", Risk: "high", Events: 1, Highest: "high"},
		{Row: "vault", Risk: "low", Off: "off: no vaults"},
	}
	if diff := cmp.Diff(want, got); diff != "" || f.Tagged != 2 {
		t.Errorf("%d tagged (-want +got):\n%s", f.Tagged, diff)
	}
	const text = "ROW OF THE GUIDE  RISK    EVENTS  HIGHEST         WHAT TO MONITOR\n" +
		"owner             medium  2       high            New owner\n" +
		"consent           high    1       high            \n" +
		"vault             low     0       off: no vaults  \n"
	if diff := cmp.Diff(text, FoundText(got)); diff != "" {
		t.Error(diff)
	}
}
