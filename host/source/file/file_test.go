package file_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/file"
)

func none(t *testing.T) func(*file.LineError) error {
	return func(e *file.LineError) error { t.Errorf("bad line: %v", e); return nil }
}

// readAll returns all events of a reader.
func readAll(t *testing.T, r *file.Reader) (all []enrich.Event) {
	t.Helper()
	for {
		events, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
}

func TestLinesBecomeEvents(t *testing.T) {
	const own = "0123456789abcdef0123456789abcdef" // looks like an id that riskrelay gave
	text := "\uFEFF" + `{"Type":"AuditLogs","_ItemId":"one","TimeGenerated":"2026-01-02T03:04:05Z","TargetResources":"[{\"id\":1}]"}` + "\n\n" +
		"not json\r\n" +
		`{"Type":"AuditLogs","event_id":"` + own + `","risk":{"score":1},"TargetResources":[{"id":2}]}` + "\r\n" +
		`{"Type":"X","n":1}` + "\n" + `{"n":1,"Type":"X"}`
	var bad []string
	events := readAll(t, file.NewReader(strings.NewReader(text), "rows", func(e *file.LineError) error { bad = append(bad, e.Error()); return nil }))
	var got []string
	for i := range events {
		got = append(got, events[i].ID+" {"+string(events[i].AppendFields(nil))+"}")
	}
	digest := strings.Fields(got[2])[0]
	want := []string{
		`one {"Type":"AuditLogs","_ItemId":"one","TimeGenerated":"2026-01-02T03:04:05Z","TargetResources":[{"id":1}]}`,
		own + ` {"Type":"AuditLogs","TargetResources":[{"id":2}]}`,
		digest + ` {"Type":"X","n":1}`,
		digest + `-0.2 {"n":1,"Type":"X"}`,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if fmt.Sprint(bad) != `[rows:3: not a JSON object]` {
		t.Errorf("bad lines %v", bad)
	}
}

func TestALongLineIsRead(t *testing.T) {
	line := `{"Type":"X","text":"` + strings.Repeat("x", 2<<20) + `"}`
	if events := readAll(t, file.NewReader(strings.NewReader(line+"\n"+line), "rows", none(t))); len(events) != 2 || events[0].Size() < 2<<20 {
		t.Errorf("%d events", len(events))
	}
	// One that is too long is told of, and the lines behind it are read.
	var bad []string
	endless := strings.Repeat("x", file.MaxLine+1<<20) + "\n" + `{"Type":"X"}`
	reader := file.NewReader(strings.NewReader(endless), "rows", func(e *file.LineError) error {
		bad = append(bad, e.Error())
		return nil
	})
	reader.Kind = shape.Rows // nobody could tell from its beginning
	events := readAll(t, reader)
	if len(events) != 1 || len(bad) != 1 || !strings.HasPrefix(bad[0], "rows:1: longer than") {
		t.Errorf("%d events, bad lines %v", len(events), bad)
	}
}

func TestEagerReaderDoesNotWait(t *testing.T) {
	pipe, w := io.Pipe()
	r := file.NewReader(pipe, "-", none(t))
	r.Eager = true
	go func() {
		io.WriteString(w, `{"Type":"X","n":1}`+"\n")
	}()
	events, err := r.Next() // the pipe stays open
	if err != nil || len(events) != 1 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

// rows writes n rows without an id, every tenth like the one before.
func rows(t *testing.T, path string, from, to int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := from; i < to; i++ {
		fmt.Fprintf(f, `{"Type":"X","n":%d}`+"\n", i-i%10/9)
	}
}

// read reads a window from a mark and stops after some batches; 0 means never.
func read(t *testing.T, s pipeline.Stream, w pipeline.Window, after pipeline.Mark, batches int) (ids []string, mark pipeline.Mark) {
	t.Helper()
	stop := errors.New("stop")
	err := s.Source.Read(t.Context(), w, after, func(b pipeline.Batch) error {
		for i := range b.Events {
			ids = append(ids, b.Events[i].ID)
		}
		mark = b.Next
		if batches--; batches == 0 {
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return ids, mark
}

// TestBrokenTextIsCountedAndKept has one of two lines with text that isn't UTF-8.
func TestBrokenTextIsCountedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	broken := `{"Type":"X","Text":"b` + "\xff\xc3" + `oken"}`
	if err := os.WriteFile(path, []byte(`{"Type":"X","Text":"whole"}`+"\n"+broken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stream := file.Streams([]string{path}, nil, none(t))[0]
	w, _, _, err := stream.Plan(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []enrich.Event
	err = stream.Source.Read(t.Context(), w, "", func(b pipeline.Batch) error {
		got = append(got, b.Events...)
		return nil
	})
	if err != nil || len(got) != 2 {
		t.Fatalf("%d events, %v", len(got), err)
	}
	if got[0].Original() != nil || string(got[1].Original()) != broken || got[1].Text("Text") != "b\uFFFDoken" {
		t.Errorf("originals %q and %q, text %q", got[0].Original(), got[1].Original(), got[1].Text("Text"))
	}
	if mended, changed := stream.Source.(*file.Source).Remarks(); mended != 1 || changed != 0 {
		t.Errorf("%d rows were mended, %d columns changed", mended, changed)
	}
}

func TestReadingGoesOnAtTheMarkWithTheSameIDs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	rows(t, path, 0, 3000)
	stream := file.Streams([]string{path}, nil, none(t))[0]
	w, _, ok, err := stream.Plan(t.Context(), time.Time{})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	whole, end := read(t, stream, w, "", 0)
	if distinct := countDistinct(whole); len(whole) != 3000 || distinct != 3000 {
		t.Fatalf("%d events, %d distinct", len(whole), distinct)
	}
	first, mark := read(t, stream, w, "", 2)
	rest, _ := read(t, stream, w, mark, 0)
	if fmt.Sprint(append(first, rest...)) != fmt.Sprint(whole) {
		t.Error("reading in two parts gives other events than reading at once")
	}
	// The file grows: the next window is what was added.
	rows(t, path, 3000, 3100)
	next, _, ok, err := stream.Plan(t.Context(), w.To)
	if err != nil || !ok || !next.From.Equal(w.To) {
		t.Fatal(next, ok, err)
	}
	if more, _ := read(t, stream, next, "", 0); len(more) != 100 || countDistinct(append(more, whole...)) != 3100 {
		t.Errorf("%d more events", len(more))
	}
	if _, _, _, err := stream.Plan(t.Context(), next.To); !errors.Is(err, pipeline.ErrEnd) {
		t.Errorf("at the end: %v", err)
	}
	if end == "" {
		t.Error("no mark")
	}
	// The file shrinks: that is somebody else's file.
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := stream.Plan(t.Context(), next.To); err == nil || errors.Is(err, pipeline.ErrEnd) {
		t.Errorf("a shorter file: %v", err)
	}
}

func TestALineThatIsBeingWrittenIsLeftForTheNextTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	appendText := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	var frontier time.Time
	next := func() (ids []string) {
		t.Helper()
		stream := file.Streams([]string{path}, nil, none(t))[0]
		w, _, ok, err := stream.Plan(t.Context(), frontier)
		if errors.Is(err, pipeline.ErrEnd) {
			return nil
		}
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		ids, _ = read(t, stream, w, "", 0)
		frontier = w.To
		return ids
	}
	for i, step := range []struct{ text, want string }{
		{`{"_ItemId":"a"}` + "\n" + `{"_ItemId":`, "[a]"},
		{`"b","x":`, "[]"},
		{`1}` + "\n" + `{"_ItemId":"c"}`, "[b c]"},
		{"\n" + `{"_ItemId":"d"}` + "\n", "[d]"},
	} {
		appendText(step.text)
		if got := fmt.Sprint(next()); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
	}
}

func countDistinct(ids []string) int {
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return len(seen)
}

func TestAnotherFileUnderTheNameIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	rows(t, path, 0, 100)
	stream := file.Streams([]string{path}, nil, none(t))[0]
	w, _, ok, err := stream.Plan(t.Context(), time.Time{})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat(`{"Type":"Y","text":"other"}`+"\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := stream.Plan(t.Context(), w.To); err == nil {
		t.Errorf("plan behind the end of another file: %v", ok)
	}
	if err := os.Truncate(path, 28); err != nil {
		t.Fatal(err)
	}
	if err := stream.Source.Read(t.Context(), w, "", func(pipeline.Batch) error { return nil }); err == nil {
		t.Error("a file that is shorter than its window was called complete")
	}
}

func TestStandardInputIsReadOnce(t *testing.T) {
	stream := file.Streams([]string{"-"}, strings.NewReader(`{"Type":"X"}`), none(t))[0]
	w, _, ok, err := stream.Plan(t.Context(), time.Time{})
	if err != nil || !ok || !stream.Volatile {
		t.Fatal(ok, err)
	}
	if ids, _ := read(t, stream, w, "", 0); len(ids) != 1 {
		t.Errorf("%d events", len(ids))
	}
	if _, _, _, err := stream.Plan(t.Context(), w.To); !errors.Is(err, pipeline.ErrEnd) {
		t.Errorf("then: %v", err)
	}
	if err := stream.Source.Read(context.Background(), w, "", nil); err == nil {
		t.Error("standard input was read again")
	}
}

func BenchmarkReader(b *testing.B) {
	line := `{"Type":"AuditLogs","TimeGenerated":"2026-01-02T03:04:05Z","_ItemId":"one","TargetResources":[` +
		strings.TrimSuffix(strings.Repeat(`{"id":"a","modifiedProperties":[]},`, 40), ",") + "]}\n"
	text := strings.Repeat(line, 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r := file.NewReader(strings.NewReader(text), "rows", func(*file.LineError) error { return nil })
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "events/s")
}
