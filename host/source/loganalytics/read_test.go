package loganalytics

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

func TestReadDeliversRowsAsTheyAre(t *testing.T) {
	data := new(table)
	data.fill(1, 1)
	s := newService(t, data.answer)
	var got reading
	if err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
		t.Fatal(err)
	}
	if len(got.ids) != 1 {
		t.Fatalf("got %d events, want 1", len(got.ids))
	}
	e := got.batches[0].Events[0]
	if e.ID != "item-000000" || !e.Time.Equal(base) || e.Table != "AuditLogs" {
		t.Errorf("event is %s %v %s", e.ID, e.Time, e.Table)
	}
	want := `"TimeGenerated":"2026-01-02T03:00:00.0000000Z","OperationName":"Add user","InitiatedBy":{"user":{"id":"u0"}},` +
		`"DurationMs":9007199254740993,"Type":"AuditLogs"`
	if diff := cmp.Diff(want, string(e.AppendFields(nil))); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	header := s.headers[0]
	for name, want := range map[string]string{"Cache-Control": "no-cache", "Prefer": "wait=180", "Accept-Encoding": "gzip"} {
		if header.Get(name) != want {
			t.Errorf("header %s is %q, want %q", name, header.Get(name), want)
		}
	}
}

func TestReadInBatches(t *testing.T) {
	data := new(table)
	data.fill(1300, 7)
	s := newService(t, data.answer)
	var got reading
	if err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data.items(), got.ids); diff != "" {
		t.Error(diff)
	}
	for i, b := range got.batches {
		if len(b.Events) > batchEvents || b.Next == "" {
			t.Errorf("batch %d has %d events and the mark %q", i, len(b.Events), b.Next)
		}
	}
}

func TestReadOnFromMark(t *testing.T) {
	data := new(table)
	data.fill(1300, 100)
	s := newService(t, data.answer)
	source := s.source(s.config())
	var first reading
	w := testWindow(time.Minute)
	if err := source.Read(t.Context(), w, "", first.deliver); err != nil {
		t.Fatal(err)
	}
	for i, b := range first.batches {
		var rest reading
		if err := source.Read(t.Context(), w, b.Next, rest.deliver); err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(data.items()[min(len(data.rows), (i+1)*batchEvents):])
		if diff := cmp.Diff(want, append([]string{}, rest.ids...)); diff != "" {
			t.Errorf("behind batch %d:\n%s", i, diff)
		}
		for _, b := range rest.batches {
			if b.Fresh {
				t.Errorf("behind batch %d the tally begins anew", i)
			}
		}
	}
}

func TestMarkHoldsInHalves(t *testing.T) {
	data := new(table)
	data.fill(6000, 10) // 600 ms
	s := newService(t, data.answer)
	source := s.source(s.config())
	w := testWindow(640 * time.Millisecond)
	var whole reading
	if err := source.Read(t.Context(), w, "", whole.deliver); err != nil {
		t.Fatal(err)
	}
	for i, b := range whole.batches {
		parts := []pipeline.Window{w}
		for range 2 {
			var cut []pipeline.Window
			for _, p := range parts {
				a, b, err := p.Cut()
				if err != nil {
					t.Fatal(err)
				}
				cut = append(cut, a, b)
			}
			parts = cut
		}
		var rest reading
		for _, p := range parts {
			var part reading
			if err := source.Read(t.Context(), p, b.Next, part.deliver); err != nil {
				t.Fatal(err)
			}
			if len(part.batches) > 1 { // a second crash, inside the part
				part.batches = part.batches[:1]
				part.ids = part.ids[:batchEvents]
				if err := source.Read(t.Context(), p, part.last(), part.deliver); err != nil {
					t.Fatal(err)
				}
			}
			rest.ids = append(rest.ids, part.ids...)
		}
		slices.Sort(rest.ids)
		want := data.items()[min(len(data.rows), (i+1)*batchEvents):]
		if !slices.Equal(want, rest.ids) {
			t.Errorf("behind batch %d: %d events, want %d", i, len(rest.ids), len(want))
		}
	}
}

func TestPartialReplyLosesNothing(t *testing.T) {
	tests := map[string]struct {
		spoil  func(rows []stored) ([]stored, string)
		resent bool // rows that were delivered come again
	}{
		"the last rows are missing":   {func(r []stored) ([]stored, string) { return r[:1200], partial }, false},
		"a row before is missing":     {func(r []stored) ([]stored, string) { return append(r[:10:10], r[11:]...), partial }, true},
		"one of a time is missing":    {func(r []stored) ([]stored, string) { return append(r[:1023:1023], r[1024:1300]...), partial }, true},
		"the first half is missing":   {func(r []stored) ([]stored, string) { return r[len(r)/2:], partial }, true},
		"rows are in disorder":        {func(r []stored) ([]stored, string) { slices.Reverse(r); return r[:1200], partial }, true},
		"all are there but it's said": {func(r []stored) ([]stored, string) { return r, partial }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data := &table{spoil: test.spoil}
			data.fill(3000, 10)
			s := newService(t, data.answer)
			source := s.source(s.config())
			w := testWindow(time.Second)
			var got reading
			err := source.Read(t.Context(), w, "", got.deliver)
			if !errors.Is(err, pipeline.ErrTooLarge) {
				t.Fatalf("error is %v, want ErrTooLarge", err)
			}
			if !strings.Contains(err.Error(), "E_QUERY_RESULT_SET_TOO_LARGE") {
				t.Errorf("error hides the service's words: %v", err)
			}
			delivered := len(got.ids)
			data.spoil = nil
			if err := source.Read(t.Context(), w, got.last(), got.deliver); err != nil {
				t.Fatal(err)
			}
			if again := len(got.ids) - 3000; (again > 0) != test.resent {
				t.Errorf("%d of %d delivered rows came again", again, delivered)
			}
			slices.Sort(got.ids)
			if diff := cmp.Diff(data.items(), slices.Compact(got.ids)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLateRowBeforeMarkIsRead(t *testing.T) {
	data := new(table)
	data.fill(1000, 10)
	s := newService(t, data.answer)
	source := s.source(s.config())
	w := testWindow(time.Minute)
	var got reading
	stop := errors.New("the sink is gone")
	err := source.Read(t.Context(), w, "", func(b pipeline.Batch) error {
		if len(got.batches) == 1 {
			return stop
		}
		return got.deliver(b)
	})
	if err != stop { //nolint:errorlint // the very same, not wrapped
		t.Fatalf("error is %v, want deliver's as it is", err)
	}
	data.rows = append(data.rows, stored{base, "item-late", "Add user"})
	if err := source.Read(t.Context(), w, got.last(), got.deliver); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(got.ids, "item-late") {
		t.Error("the late row is missing")
	}
	if !got.batches[1].Fresh || got.batches[2].Fresh {
		t.Error("the tally doesn't begin anew with the first batch")
	}
}

func TestSmallestWindowIsDeliveredIncomplete(t *testing.T) {
	data := &table{spoil: func(r []stored) ([]stored, string) { return r[:2], partial }}
	data.fill(3, 3)
	s := newService(t, data.answer)
	source := s.source(s.config())
	w := testWindow(time.Millisecond)
	w.Slots = 4096
	if !w.Smallest() {
		t.Fatal("the window can be cut")
	}
	var got reading
	err := source.Read(t.Context(), w, "", got.deliver)
	incomplete := new(IncompleteError)
	if !errors.As(err, &incomplete) || incomplete.Rows != 2 || len(got.ids) != 2 {
		t.Fatalf("error is %v, %d events were delivered", err, len(got.ids))
	}
	err = source.Read(t.Context(), testWindow(time.Second), "", got.deliver)
	if errors.Is(err, pipeline.ErrTooLarge) || !errors.As(err, new(*pipeline.RetryAfter)) {
		t.Errorf("after cutting led nowhere the error is %v", err)
	}
	data.spoil = nil
	if err := source.Read(t.Context(), testWindow(time.Second), "", got.deliver); err != nil {
		t.Error(err)
	}
}

func TestRowsWithoutItemID(t *testing.T) {
	data := new(table)
	for i, operation := range []string{"a", "a", "b", "a"} {
		data.rows = append(data.rows, stored{base.Add(time.Duration(i/3) * time.Second), "", operation})
	}
	reply := func(w http.ResponseWriter, query string) { // rows that differ in nothing else
		rec := new(recorder)
		data.answer(rec, query)
		text := rec.String()
		for _, u := range []string{"u1", "u2", "u3"} {
			text = strings.ReplaceAll(text, u, "u0")
		}
		text = strings.ReplaceAll(text, `["2026-01-02T03:00:01.0000000Z","a"`, `["2026-01-02T03:00:00.0000000Z","a"`)
		w.Write([]byte(text))
	}
	s := newService(t, reply)
	source := s.source(s.config())
	var whole, halves reading
	w := testWindow(2 * time.Second)
	a, b, _ := w.Cut()
	for _, step := range []struct {
		w   pipeline.Window
		out *reading
	}{{w, &whole}, {a, &halves}, {b, &halves}} {
		if err := source.Read(t.Context(), step.w, "", step.out.deliver); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(whole.ids, halves.ids); diff != "" {
		t.Errorf("halves give other ids:\n%s", diff)
	}
	seen := map[string]bool{}
	for _, id := range whole.ids {
		if seen[id] || id == "" {
			t.Errorf("id %q is there twice", id)
		}
		seen[id] = true
	}
	if whole.last() != "" {
		t.Error("rows without ids can't be told apart, yet there is a mark")
	}
}

// recorder keeps a reply.
type recorder struct{ strings.Builder }

func (*recorder) Header() http.Header { return http.Header{} }
func (*recorder) WriteHeader(int)     {}

func TestReadEndsWithContext(t *testing.T) {
	data := new(table)
	data.fill(2000, 1)
	s := newService(t, data.answer)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.source(s.config()).Read(ctx, testWindow(time.Minute), "", func(pipeline.Batch) error {
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestRepliesNearTheLimitsAreSuspect(t *testing.T) {
	tests := []struct {
		outcome outcome
		large   bool
	}{
		{outcome{rows: 499_999, bytes: 90_000_000}, false},
		{outcome{rows: 500_000}, true},
		{outcome{rows: 1, bytes: 99_700_000}, true},
		{outcome{partial: new(partialError)}, true},
	}
	for _, test := range tests {
		if got := test.outcome.tooLarge(); (got != nil) != test.large {
			t.Errorf("%+v: %v", test.outcome, got)
		}
	}
}

func TestMarksOfOthersAreRefused(t *testing.T) {
	s := newService(t, new(table).answer)
	for _, m := range []pipeline.Mark{"12345", "2|a|b|c|d|e|f|g", "1|2026-01-02T03:00:00.0000000Z|0|0|x|2026-01-02T03:00:00.0000000Z|0|a"} {
		if err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), m, nil); err == nil || !strings.Contains(err.Error(), "mark") {
			t.Errorf("mark %q: %v", m, err)
		}
	}
	if n := len(s.asked()); n != 0 {
		t.Errorf("%d queries", n)
	}
}

// A reply may lack the column Type, and a row the time when it happened.
func TestGapsAreFilled(t *testing.T) {
	reply := `{"tables":[{"name":"PrimaryResult","columns":[{"name":"RiskrelayItem","type":"string"},{"name":"A","type":"real"},` +
		`{"name":"TimeGenerated","type":"datetime"},{"name":"RiskrelayIngested","type":"datetime"}],` +
		`"rows":[["i1",1.0,null,"2026-01-02T03:00:00.1234567Z"],["i2",null,"2026-01-02T02:00:00Z","2026-01-02T03:00:00.1234567Z"]]}]}`
	s := newService(t, text(reply))
	var got reading
	if err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, e := range got.batches[0].Events {
		rows = append(rows, e.Time.Format(ticks)+" "+string(e.AppendFields(nil)))
	}
	want := []string{
		`2026-01-02T03:00:00.1234567Z "A":1.0,"TimeGenerated":null,"Type":"AuditLogs"`,
		`2026-01-02T02:00:00.0000000Z "A":null,"TimeGenerated":"2026-01-02T02:00:00Z","Type":"AuditLogs"`,
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}
