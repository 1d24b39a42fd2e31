package view

import (
	"strings"
	"testing"
	"unicode/utf8"

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
	if diff := cmp.Diff(want, got); diff != "" || len(f.Events) != 2 {
		t.Errorf("%d tagged (-want +got):\n%s", len(f.Events), diff)
	}
	const text = "ROW OF THE GUIDE  RISK    EVENTS  HIGHEST\n" +
		"owner             medium  2       high\n" +
		"consent           high    1       high\n" +
		"vault             low     0       off: no vaults\n"
	if diff := cmp.Diff(text, FoundText(got)); diff != "" {
		t.Error(diff)
	}
}

// TestWorst holds what is told of the events: the worst by score, each statement once, and in the order of time.
func TestWorst(t *testing.T) {
	f := NewFound()
	for _, line := range []string{
		`{"event": {"event_id": "1", "Type": "AuditLogs", "TimeGenerated": "2026-03-02T09:00:00Z", "risk": {"level": "high", "score": 70, "rules": [{"id": "a.b", "severity": "high", "mitre": ["T1098"], "message": "Kim did it"}]}}}`,
		`{"event": {"event_id": "2", "Type": "AuditLogs", "TimeGenerated": "2026-03-02T08:00:00Z", "risk": {"level": "low", "score": 20, "rules": [{"id": "a.c", "severity": "low", "message": "` + strings.Repeat("long ", 30) + `"}]}}}`,
		`{"event": {"event_id": "3", "Type": "AuditLogs", "TimeGenerated": "2026-03-02T09:00:01Z", "risk": {"level": "high", "score": 70, "rules": [{"id": "a.b", "severity": "high", "message": "Kim did it"}]}}}`,
		`{"event": {"event_id": "4", "Type": "AuditLogs", "TimeGenerated": "2026-03-02T07:00:00Z", "risk": {"level": "low", "score": 10, "rules": [{"id": "a.d", "severity": "low", "message": "mild"}]}}}`,
	} {
		if err := f.Add([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	worst := f.Worst(2)
	called := func(*FoundEvent) string { return "a step" }
	if diff := cmp.Diff("08:00  low       a step: "+strings.TrimSpace(strings.Repeat("long ", 11))+"…\n09:00  high      a step: Kim did it\n", TimelineText(worst, called)); diff != "" {
		t.Error(diff)
	}
	want := "score 70, high: AuditLogs at 09:00:00 UTC\n  a.b (T1098): Kim did it\n"
	if got := WorstText(worst[:1]); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for line := range strings.Lines(WorstText(worst) + TimelineText(worst, called)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}
