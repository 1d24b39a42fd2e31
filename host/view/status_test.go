package view

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// crowded is a status in which everything is as long as it gets.
func crowded() admin.Status {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at, next, lag, long := now.Add(-90*time.Hour), now.Add(299*time.Second), 987654.5, strings.Repeat("w", 250)
	failure := &admin.Failure{Text: strings.Repeat("no route to host ", 20) + long, At: at}
	flow := admin.Flow{
		Sink: "splunk-production-europe-west", In: 123_456_789_012, Confirmed: 123_456_000_000, Dead: 789_000, Open: 12,
		Total: pipeline.Count{Confirmed: 9_999_999}, Windows: 2000, Through: &at, Lag: &lag,
	}
	stream := admin.StreamStatus{
		Name: "la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:AADNonInteractiveUserSignInLogs", Read: 123_456_789_012, Tagged: 99_999,
		Frontier: &at, IngestionLag: &lag, EventLag: &lag, LastSuccess: &at, LastError: failure, Failing: true, Sinks: []admin.Flow{flow, flow},
	}
	file := stream
	file.Name, file.Ended = "file:/var/lib/somewhere/very/deep/down/in/the/tree/of/directories/rows.ndjson", true
	return admin.Status{
		Time: now, Running: true, Version: "1.2.3", Started: &at, Problems: []string{failure.Text}, Streams: []admin.StreamStatus{stream, file},
		Sinks: []admin.SinkStatus{{
			Name: "splunk-production-europe-west-in-the-old-data-center", Promise: pipeline.BestEffort, LastError: failure, DownSince: &at,
			LastSuccess: &at, NextTry: &next, Letters: 1_000_000,
		}},
		Abandoned: []admin.Abandoned{{Sink: "splunk-of-old", Windows: 12, Oldest: &at}},
		Rules: admin.RulesStatus{
			On: 100, Off: []admin.OffRule{{ID: "acme." + long, Reason: "it\ttook too long\n" + long}}, Hash: long, Loaded: &at, LastFail: long,
		},
		Modules: []admin.ModuleStatus{
			{Name: long, Rules: 12, Restarts: 3, Unjudged: 12_345_678, Open: true, Reason: "no answer: " + long, NextTry: &next, Timeouts: 3, Refused: 4},
			{Name: "starting", Reason: "module is being started"},
			{Name: "unwell", On: true, Reason: "no answer within 2s"},
		},
		Expiring: []admin.Certificate{{Of: "sink splunk", Whose: "receiver", Subject: long, Expires: now.Add(time.Hour)}},
	}
}

// TestStatusFits holds that no line of a page is longer than 100 columns, and that what matters is on it.
func TestStatusFits(t *testing.T) {
	for name, running := range map[string]bool{"running": true, "not running": false} {
		s := crowded()
		s.Running = running
		text := Status(s)
		for _, line := range strings.Split(text, "\n") {
			if n := utf8.RuneCountInString(line); n > pageWidth {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
	text := Status(crowded())
	for _, want := range []string{
		"1.2.3 is NOT ready", "runs for 3d18h", "problem: no route", "AADNonInteractiveUserSignInLogs", "123456M", "789k", "best effort",
		"DOWN, 3d18h ago", "next try in 4m59s", "splunk-of-old isn't configured any more", "last error of", "100 rules on, 1 off", "off: acme.", "2026-02-26 18:00", "receiver certificate of sink splunk",
		"off, next try in 4m59s: no answer:", "no answer in time: 3 calls", "spoke in the name of another module: 4 tags", "off: module is being started",
		"its last call failed: no answer within 2s",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestStatusSaysWhenTheNextTryIs holds that who sees a sink down sees whether to wait.
func TestStatusSaysWhenTheNextTryIs(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) *time.Time { at := now.Add(d); return &at }
	failure := &admin.Failure{Text: "no route to host", At: now.Add(-time.Minute)}
	for name, c := range map[string]struct {
		up   bool
		next *time.Time
		want string
	}{
		"waits":              {false, at(3*time.Minute + 5*time.Second), "(1m00s ago, next try in 3m05s): no route"},
		"a try is under way": {false, at(-time.Second), "(1m00s ago, next try now): no route"},
		"gave up":            {false, nil, "(1m00s ago): no route"},
		"works again":        {true, nil, "(1m00s ago, over): no route"},
	} {
		page := Status(admin.Status{Time: now, Running: true, Sinks: []admin.SinkStatus{{Name: "splunk", Up: c.up, LastError: failure, NextTry: c.next}}})
		if want := "last error of splunk " + c.want; !strings.Contains(page, want) {
			t.Errorf("%s: no %q in\n%s", name, want, page)
		}
	}
}

// TestStatusOfADeadSource holds that one workspace that can't be asked is one line, however many tables it has.
func TestStatusOfADeadSource(t *testing.T) {
	s := admin.Status{Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Running: true}
	for i, table := range []string{"AuditLogs", "SigninLogs", "AzureActivity"} {
		s.Streams = append(s.Streams, admin.StreamStatus{
			Name: "la:3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13:" + table, Failing: true,
			LastError: &admin.Failure{Text: "query: no such host", At: s.Time.Add(-time.Duration(9-i) * time.Second)},
		})
	}
	s.Streams = append(s.Streams, admin.StreamStatus{Name: "file:rows.ndjson", LastError: &admin.Failure{Text: "unreadable", At: s.Time}})
	text := Status(s)
	for _, want := range []string{"last error of AuditLogs and 2 more streams (7s ago): query: no such host", "last error of file:rows.ndjson (0s ago, over): unreadable"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "no such host"); n != 1 {
		t.Errorf("the error is there %d times", n)
	}
}

// TestStatusOfClocksThatDiffer holds that nothing is told as being late or gone in the future.
func TestStatusOfClocksThatDiffer(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ahead, later := -86_280.0, now.Add(3*time.Second)
	text := Status(admin.Status{Time: now, Running: true, Streams: []admin.StreamStatus{{
		Name: "file:rows.ndjson", EventLag: &ahead, LastSuccess: &later, Sinks: []admin.Flow{{Sink: "disk", Lag: &ahead}},
	}}})
	for _, not := range []string{" -23h", "-3s", "-0s"} {
		if strings.Contains(text, not) {
			t.Errorf("%q in\n%s", not, text)
		}
	}
}

// TestStatusOfARefusedSet holds that the lines that say what is wrong with rules stay lines, with their caret below the place.
func TestStatusOfARefusedSet(t *testing.T) {
	problem := "acme.yaml:7:11: R202: undeclared reference to 'evnt'\n   7 | when: evnt.success\n     |       ^\n"
	loaded := time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)
	text := Status(admin.Status{Time: loaded.Add(time.Hour), Running: true, Rules: admin.RulesStatus{
		On: 3, Loaded: &loaded, Reloads: 1, Refused: 2, LastFail: strings.TrimSpace(problem),
	}})
	for line := range strings.Lines(problem) {
		if !strings.Contains(text, "    "+line) {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if want := "loaded again once, refused 2 times"; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

// TestFit holds what a screen of some size shows of a page.
func TestFit(t *testing.T) {
	page := "riskrelay is ready\n" + strings.Repeat("line\n", 30)
	for name, c := range map[string]struct {
		columns, lines int
		want           string
	}{
		"no terminal": {0, 0, page},
		"room enough": {80, 40, page},
		"small":       {80, 5, "riskrelay is ready\nline\nline\n... and 28 more lines: riskrelay status shows all\n"},
		"narrow":      {10, 4, "riskrelay…\nline\n... and 2…\n"},
	} {
		if got := Fit(page, c.columns, c.lines); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
