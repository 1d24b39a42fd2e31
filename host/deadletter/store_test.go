package deadletter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

// refuse keeps the events as refused for the reason.
func refuse(t *testing.T, s *Store, sink, reason string, events ...enrich.Event) {
	t.Helper()
	var rejected []pipeline.Rejection
	for i := range events {
		rejected = append(rejected, pipeline.Rejection{Index: i, Reason: reason})
	}
	if err := s.Keep(sink)(events, rejected); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, s *Store, sink string) (all []Letter) {
	t.Helper()
	if err := s.Each(sink, func(l Letter) error { all = append(all, l); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLettersComeBackAsTheyWere sends hostile events again and compares their bytes.
func TestLettersComeBackAsTheyWere(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "dead"), 1<<30)
	events := sinktest.Hostile()
	refuse(t, s, "siem/1", "code 6\n\"bad\"", events...)
	if sinks, err := s.Sinks(); err != nil || !slices.Equal(sinks, []string{"siem/1"}) {
		t.Errorf("sinks %v, %v", sinks, err)
	}
	for i, l := range listed(t, s, "siem/1") {
		if l.Sink != "siem/1" || l.Attempts != 1 || l.Reason != "code 6\n\"bad\"" || l.ID() != events[i].ID || l.Time.IsZero() {
			t.Errorf("letter %+v", l)
		}
	}
	var got []enrich.Event
	out, err := s.Retry(t.Context(), "siem/1", nil, func(_ context.Context, sent []enrich.Event) error {
		got = append(got, sent...)
		return nil
	})
	if err != nil || out != (Outcome{Gone: len(events)}) || len(got) != len(events) {
		t.Fatalf("%+v, %v, %d events", out, err, len(got))
	}
	for i := range events {
		want, err := eventjson.Append(nil, &events[i])
		if err != nil {
			t.Fatal(err)
		}
		again, err := eventjson.Append(nil, &got[i])
		if err != nil || !sameJSON(want, again) || got[i].ID != events[i].ID || got[i].Table != events[i].Table {
			t.Errorf("event %d came back as\n%.300s\nwas\n%.300s", i, again, want)
		}
	}
	if sinks, err := s.Sinks(); err != nil || len(sinks) != 0 {
		t.Errorf("sinks %v, %v", sinks, err)
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && fmt.Sprint(x) == fmt.Sprint(y)
}

// some are n events with the ids 0, 1, ...
func some(n int) (events []enrich.Event) {
	columns := enrich.NewColumns([]string{"A"}, []enrich.Type{enrich.String})
	for i := range n {
		e := enrich.NewEvent("AuditLogs", enrich.NewRow(columns, []byte(`"x"`), []enrich.Span{{End: 3}}))
		e.ID = fmt.Sprintf("%032x", i)
		events = append(events, e)
	}
	return events
}

// TestOriginalStays has an event whose row wasn't UTF-8 refused, also a second time.
func TestOriginalStays(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	events := some(2)
	events[1].Row = events[1].WithOriginal([]byte("{\"A\":\"\xff\"}"))
	refuse(t, s, "siem", "first", events...)
	out, err := s.Retry(t.Context(), "siem", nil, func(context.Context, []enrich.Event) error {
		return &pipeline.PartialError{Rejected: []pipeline.Rejection{{Index: 0, Reason: "second"}, {Index: 1, Reason: "second"}}}
	})
	if err != nil || out.Refused != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	for i, l := range listed(t, s, "siem") {
		if string(l.Original) != string(events[i].Original()) || l.Reason != "second" {
			t.Errorf("letter %d: original %q, reason %s", i, l.Original, l.Reason)
		}
	}
	text, err := os.ReadFile(s.path("siem"))
	if err != nil || bytes.Count(text, []byte(`"original":"eyJBIjoi/yJ9"`)) != 1 {
		t.Errorf("the file has %s, %v", text, err)
	}
}

// TestRetry tells apart letters that are confirmed, refused again, not asked for, and not sent because the sink is down.
func TestRetry(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	refuse(t, s, "siem", "first", some(3*batch)...)
	calls := 0
	out, err := s.Retry(t.Context(), "siem", func(l *Letter) bool { return l.ID() != some(1)[0].ID }, func(_ context.Context, events []enrich.Event) error {
		if calls++; calls == 1 {
			return &pipeline.PartialError{Rejected: []pipeline.Rejection{{Index: 1, Reason: "second"}}}
		}
		return errors.New("down")
	})
	if err == nil || err.Error() != "down" || out != (Outcome{Gone: batch - 1, Refused: 1, Left: 2 * batch}) {
		t.Errorf("%+v, %v", out, err)
	}
	left := listed(t, s, "siem")
	if len(left) != 2*batch+1 {
		t.Fatalf("%d letters left", len(left))
	}
	var again []string
	for _, l := range left {
		if l.Reason == "second" {
			again = append(again, l.ID())
			if l.Attempts != 2 {
				t.Errorf("letter %+v", l)
			}
		}
	}
	if !slices.Equal(again, []string{some(3)[2].ID}) {
		t.Errorf("refused again: %v", again)
	}
	if out, err := s.Drop("siem", nil); err != nil || out.Gone != 2*batch+1 || len(listed(t, s, "siem")) != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := s.Drop("nobody", nil); err != nil || out != (Outcome{}) {
		t.Errorf("%+v, %v", out, err)
	}
}

// TestNoLetterIsLost retries while a host keeps more, and goes on where a command was killed.
func TestNoLetterIsLost(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	const writers, each = 4, 50
	all := some(writers * each)
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				refuse(t, s, "siem", "no", all[w*each+i])
			}
		})
	}
	seen := map[string]int{}
	retry := func() {
		_, err := s.Retry(t.Context(), "siem", nil, func(_ context.Context, events []enrich.Event) error {
			for i := range events {
				seen[events[i].ID]++
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for range 20 {
		retry()
	}
	group.Wait()
	refuse(t, s, "siem", "no", some(1)...)
	if err := os.Rename(s.path("siem"), s.path("siem")+aside); err != nil { // killed after taking the file
		t.Fatal(err)
	}
	refuse(t, s, "siem", "no", some(2)[1])
	if n := len(listed(t, s, "siem")); n < 2 {
		t.Errorf("%d letters are listed", n)
	}
	retry()
	for i, e := range all {
		want := 1
		if i < 2 {
			want = 2
		}
		if seen[e.ID] != want {
			t.Errorf("event %d was sent %d times, want %d", i, seen[e.ID], want)
		}
	}
}

// TestFull holds that a file doesn't grow above its size, that nothing of a batch without room is kept, and that an empty
// file takes anything.
func TestFull(t *testing.T) {
	s := New(t.TempDir(), 10)
	refuse(t, s, "siem", "a reason that alone has more bytes than the file may have", some(1)...)
	err := s.Keep("siem")(some(2), []pipeline.Rejection{{Index: 1, Reason: "x"}})
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "riskrelay deadletter list") {
		t.Errorf("got %v", err)
	}
	if left := listed(t, s, "siem"); len(left) != 1 || left[0].ID() != some(1)[0].ID {
		t.Errorf("got %+v", left)
	}
	if _, err := s.Drop("siem", nil); err != nil {
		t.Fatal(err)
	}
	refuse(t, s, "siem", "room again", some(1)...)
}

// TestCopies holds that copies of shortened events are whole, are told apart from letters, and need not have room.
func TestCopies(t *testing.T) {
	s := New(t.TempDir(), 1000)
	events := some(4)
	if err := s.Copy("siem", events, []int{1, 3}); err != nil {
		t.Fatal(err)
	}
	whole, err := eventjson.Append(nil, &events[3])
	if err != nil {
		t.Fatal(err)
	}
	all := listed(t, s, Shortened+"siem")
	if len(all) != 2 || all[0].ID() != events[1].ID || !sameJSON(all[1].Event, whole) || all[0].Attempts != 0 {
		t.Errorf("copies: %+v", all)
	}
	if n, _, err := s.Count("siem"); n != 0 || err != nil {
		t.Errorf("%d copies count as letters, %v", n, err)
	}
	for err == nil {
		err = s.Copy("siem", events, []int{0})
	}
	if !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	refuse(t, s, "siem", "there is room for what is refused", events[0])
}

// TestDamage holds that half a line disappears, as nobody was told that it is there, and that any other damage stays to
// be looked at.
func TestDamage(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	refuse(t, s, "siem", "x", some(2)...)
	content, err := os.ReadFile(s.path("siem"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := bytes.Cut(content, []byte("\n"))
	if err := os.WriteFile(s.path("siem"), []byte("no JSON\n"+string(first)+"\n"+string(first[:20])), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, s, "siem", "later", some(1)...)
	sent := 0
	out, err := s.Retry(t.Context(), "siem", nil, func(_ context.Context, events []enrich.Event) error {
		sent += len(events)
		return nil
	})
	if err != nil || out != (Outcome{Gone: 2, Refused: 1}) || sent != 2 {
		t.Errorf("%+v, %v, %d sent", out, err, sent)
	}
	if left := listed(t, s, "siem"); len(left) != 1 || left[0].Reason != damaged || string(left[0].Event) != `{"line":"no JSON\n"}` {
		t.Errorf("left %+v", left)
	}
}

// TestEditedLetters holds that a letter which somebody has edited so that it is no event any more holds up no other, and stays.
func TestEditedLetters(t *testing.T) {
	s := New(t.TempDir(), 1<<20)
	events := some(2)
	refuse(t, s, "siem", "x", events[0])
	file, err := os.OpenFile(s.path("siem"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`{"reason":"no id","event":{"Type":"SigninLogs","TimeGenerated":"2026-03-02T10:00:00Z"}}`,
		`{"reason":"no table","event":{"event_id":"a,\"b"}}`,
		`{"reason":"no object","event":[1]}`,
		`{"reason":"risk","event":{"Type":"SigninLogs","event_id":"c","risk":"high"}}`,
	} {
		if _, err := file.WriteString(text + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	file.Close()
	refuse(t, s, "siem", "x", events[1])
	odd := sinktest.Event("summary-la:x:AuditLogs, \"y\"", "RiskrelaySummary", "{}", "x") // of no row of the service
	refuse(t, s, "siem", "x", odd)
	var sent []string
	out, err := s.Retry(t.Context(), "siem", nil, func(_ context.Context, events []enrich.Event) error {
		for _, e := range events {
			sent = append(sent, e.ID)
		}
		return nil
	})
	if err != nil || out != (Outcome{Gone: 3, Refused: 4}) || !slices.Equal(sent, []string{events[0].ID, events[1].ID, odd.ID}) {
		t.Errorf("%+v, sent %q: %v", out, sent, err)
	}
	left := listed(t, s, "siem")
	if len(left) != 4 {
		t.Fatalf("%d letters stay", len(left))
	}
	for _, l := range left {
		if !strings.Contains(l.Reason, "can't be read") {
			t.Errorf("a letter stays for %q", l.Reason)
		}
	}
}

// TestOneCommandAtATime refuses the second.
func TestOneCommandAtATime(t *testing.T) {
	s := New(t.TempDir(), 1<<30)
	refuse(t, s, "siem", "x", some(1)...)
	_, err := s.Retry(t.Context(), "siem", nil, func(context.Context, []enrich.Event) error {
		if _, err := s.Drop("siem", nil); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
