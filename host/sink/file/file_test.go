package file

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/received"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func line(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	text, err := eventjson.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// following is a sink whose file is read after each Send.
type following struct {
	*Sink
	got *received.Log
	t   *testing.T
}

func (f following) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	receipt, err := f.Sink.Send(ctx, events)
	record(f.t, f.got, f.lines.path)
	return receipt, err
}

func record(t *testing.T, into *received.Log, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for text := range bytes.Lines(content) {
		if !bytes.HasSuffix(text, []byte("\n")) {
			return // another goroutine is writing it
		}
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Errorf("%v in %q", err, text)
		}
		into.Add(event.ID, bytes.TrimSuffix(text, []byte("\n")))
	}
}

func newSink(t testing.TB, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSuite(t *testing.T) {
	sinktest.TestSink(t, func(t *testing.T) sinktest.Peer {
		s := newSink(t, Config{Path: filepath.Join(t.TempDir(), "events.ndjson")})
		got := new(received.Log)
		return sinktest.Peer{Sink: following{s, got, t}, Got: got, Content: line, Promise: pipeline.Written}
	})
}

func TestIncompleteLastLineIsRemoved(t *testing.T) {
	const own = "{\"a\":1,\"event_id\":\"1\"}\n"
	for content, want := range map[string]string{
		"": "", own: own, own + "{\"b\":": own, own + strings.Repeat("x", 200_000): own,
		// Somebody else's file loses nothing.
		"{\"b\"": "{\"b\"\n", "{\"a\":1}\n{\"b\":1}": "{\"a\":1}\n{\"b\":1}\n",
	} {
		path := filepath.Join(t.TempDir(), "events.ndjson")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s := newSink(t, Config{Path: path})
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%.20q became %.20q, %v; want %q", content, got, err, want)
		}
		if _, err := s.Send(t.Context(), sinktest.Events(2)); err != nil {
			t.Error(err)
		}
		s.Close()
		if got, err = os.ReadFile(path); err != nil || bytes.Count(got, []byte("\n")) != 2+strings.Count(want, "\n") {
			t.Errorf("after two events: %.100q, %v", got, err)
		}
	}
}

func TestFailedWriteIsRepaired(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	s := newSink(t, Config{Path: path})
	if _, err := s.Send(t.Context(), sinktest.Events(3)); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []func(*os.File) error{
		func(*os.File) error { return nil }, (*os.File).Close,
	} {
		readOnly, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s.lines.file.Close()
		s.lines.file = readOnly
		if err := broken(readOnly); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(t.Context(), sinktest.Events(3)); err == nil {
			t.Fatal("a write to a file that can't be written to was confirmed")
		}
		if err := s.lines.open(); err != nil {
			t.Fatal(err)
		}
	}
	// A write that got half through, and couldn't be taken away at once: nobody confirmed these lines.
	half := `{"event_id":"half"}` + "\n" + `{"event_id":"half"`
	if _, err := s.lines.file.WriteString(half); err != nil {
		t.Fatal(err)
	}
	s.lines.broken, s.lines.rest = true, []byte(half+"}\n")
	if _, err := s.Send(t.Context(), sinktest.Events(3)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	content, err := os.ReadFile(path)
	if err != nil || bytes.Count(content, []byte("\n")) != 6 || bytes.Contains(content, []byte("half")) {
		t.Errorf("%d lines, %v; want 6 and no halves", bytes.Count(content, []byte("\n")), err)
	}
}

// What a failed write has left may have lines of another process behind it, which were confirmed: they stay.
func TestRepairTakesNoLinesOfOthersAway(t *testing.T) {
	for name, left := range map[string]string{"a line": `{"event_id":"left"}` + "\n", "half a line": `{"event_id":"le`, "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "events.ndjson")
			s, other := newSink(t, Config{Path: path}), newSink(t, Config{Path: path})
			if _, err := s.Send(t.Context(), sinktest.Events(3)); err != nil {
				t.Fatal(err)
			}
			if _, err := s.lines.file.WriteString(left); err != nil {
				t.Fatal(err)
			}
			s.lines.broken, s.lines.rest = true, []byte(`{"event_id":"left"}`+"\n")
			others := sinktest.Events(5)[3:]
			for _, send := range []struct {
				to     *Sink
				events []enrich.Event
			}{{other, others}, {s, sinktest.Events(3)}} {
				if _, err := send.to.Send(t.Context(), send.events); err != nil {
					t.Fatal(err)
				}
			}
			s.Close()
			other.Close()
			content, err := os.ReadFile(path)
			if err != nil || bytes.Count(content, line(t, &others[0])) != 1 || bytes.Count(content, line(t, &others[1])) != 1 {
				t.Errorf("%v; lines of the other process are gone:\n%.300s", err, content)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	directory := t.TempDir()
	s := newSink(t, Config{Path: filepath.Join(directory, "events.ndjson"), MaxBytes: minRotation})
	events := sinktest.Events(2000)
	for i := 0; i < len(events); i += 200 {
		if _, err := s.Send(t.Context(), events[i:i+200]); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	files, err := filepath.Glob(filepath.Join(directory, "events.ndjson*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v; want several", files, err)
	}
	got, want := new(received.Log), map[string]uint64{}
	for _, path := range files {
		record(t, got, path)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", path, info.Mode(), err)
		}
	}
	for i := range events {
		want[events[i].ID] = received.Sum(line(t, &events[i]))
	}
	if d := got.Compare(want); !d.None() || got.Total() != len(events) {
		t.Errorf("difference %v, %d lines", d, got.Total())
	}
}

// TestSeveralWriters has sinks of several processes at one file, as `riskrelay deadletter retry` beside a running host: files are
// renamed and opened under each other's hands, and a writer that died has left half a line. No line is torn or lost.
func TestSeveralWriters(t *testing.T) {
	directory := t.TempDir()
	c := Config{Path: filepath.Join(directory, "events.ndjson"), MaxBytes: minRotation}
	events, each := sinktest.Events(3000), 1000
	var writers sync.WaitGroup
	for i := range 3 {
		writers.Go(func() {
			s := newSink(t, c)
			defer func() { s.Close() }()
			mine := events[i*each : (i+1)*each]
			for at := 0; at < each; at += 10 {
				if _, err := s.Send(t.Context(), mine[at:at+10]); err != nil {
					t.Error(err)
				}
				if i == 0 && at%100 == 0 {
					s.Close()
					s = newSink(t, c)
				}
			}
		})
	}
	writers.Wait()
	late := newSink(t, c)
	defer late.Close()
	other := newSink(t, c)
	if _, err := other.lines.file.WriteString(`{"half":`); err != nil {
		t.Fatal(err)
	}
	other.Close()
	extra := sinktest.Event("extra", "AuditLogs", "{}", "x")
	if _, err := late.Send(t.Context(), []enrich.Event{extra}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(c.Path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v; want several", files, err)
	}
	got := new(received.Log)
	for _, path := range files {
		record(t, got, path)
	}
	if got.Len() != len(events)+1 || got.Total() != got.Len() {
		t.Errorf("%d events in %d lines, want %d", got.Len(), got.Total(), len(events)+1)
	}
}

func TestWrongConfigs(t *testing.T) {
	for want, c := range map[string]Config{
		"path: name the file":             {},
		"max_bytes: 5 is neither":         {Path: "x", MaxBytes: 5},
		"no such file":                    {Path: filepath.Join(t.TempDir(), "no", "such", "file")},
		"directory":                       {Path: t.TempDir()},
		"not a regular file: it can't be": {Path: os.DevNull},
	} {
		if s, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, %v; want %q", c, s, err, want)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	s, events := newSink(b, Config{Path: filepath.Join(b.TempDir(), "events")}), sinktest.Events(500)
	defer s.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Send(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
