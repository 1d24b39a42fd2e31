package file_test

import (
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/file"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// audits are n audits as Graph answers them, every tenth like the one before.
func audits(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"activityDateTime":"2026-09-08T10:00:00Z","activityDisplayName":"a %d"}`, i-i%10/9))
	}
	return `{"value":[` + strings.Join(all, ",\n") + "]}"
}

// TestListsGoOnAtTheMark reads files that aren't an event a line in two parts: the rest has the same ids as at once.
func TestListsGoOnAtTheMark(t *testing.T) {
	dir := t.TempDir()
	plain := write(t, filepath.Join(dir, "a.json"), audits(3000))
	packed := filepath.Join(dir, "a.json.gz")
	out, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(out)
	fmt.Fprint(z, audits(3000))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	for _, path := range []string{plain, packed} {
		stream := file.Streams([]string{path}, nil, none(t))[0]
		w, _, ok, err := stream.Plan(t.Context(), time.Time{})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		whole, _ := read(t, stream, w, "", 0)
		if len(whole) != 3000 || countDistinct(whole) != 3000 {
			t.Fatalf("%s: %d events, %d distinct", path, len(whole), countDistinct(whole))
		}
		first, mark := read(t, stream, w, "", 2)
		rest, _ := read(t, stream, w, mark, 0)
		if fmt.Sprint(append(first, rest...)) != fmt.Sprint(whole) || mark == "" {
			t.Errorf("%s: reading in two parts, at %q, gives other events than reading at once", path, mark)
		}
		if _, _, _, err := stream.Plan(t.Context(), w.To); err != pipeline.ErrEnd { //nolint:errorlint // that very error
			t.Errorf("at the end: %v", err)
		}
		for _, bad := range []pipeline.Mark{"r9999", "rx", "r-1", "17"} {
			if err := stream.Source.Read(t.Context(), w, bad, nil); err == nil {
				t.Errorf("%s was read from the mark %q", path, bad)
			}
		}
	}
	// Something longer under the name is another file.
	stream := file.Streams([]string{plain}, nil, none(t))[0]
	w, _, _, err := stream.Plan(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	write(t, plain, audits(3001))
	if _, _, _, err := stream.Plan(t.Context(), w.To); err == nil || !strings.Contains(err.Error(), "was it replaced?") {
		t.Errorf("a longer file: %v", err)
	}
}

// TestArchiveThatGrows reads the blobs of a storage account, of which the last grows, run by run.
func TestArchiveThatGrows(t *testing.T) {
	dir := t.TempDir()
	blob := func(hour int) string {
		return filepath.Join(dir, "insights-logs-auditlogs", "tenantId=t", "y=2026", "m=09", "d=08", fmt.Sprintf("h=%02d", hour), "m=00", "PT1H.json")
	}
	record := func(id string) string {
		return `{"time":"2026-09-08T10:00:00Z","category":"AuditLogs","properties":{"id":"` + id + `"}}` + "\r\n"
	}
	write(t, blob(9), "\uFEFF"+record("a")+record("b"))
	write(t, blob(10), record("c")+`{"time":"2026-`)
	write(t, filepath.Join(dir, ".tmp", "PT1H.json"), "not there")
	frontiers := map[string]time.Time{}
	run := func() (ids string) {
		t.Helper()
		files, err := file.Expand([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range file.Streams(files, nil, none(t)) {
			w, _, ok, err := s.Plan(t.Context(), frontiers[s.Name])
			if !ok {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Source.Read(t.Context(), w, "", func(b pipeline.Batch) error {
				for i := range b.Events {
					ids += b.Events[i].Table + " " + b.Events[i].Text("Id") + " "
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			frontiers[s.Name] = w.To
		}
		return strings.TrimSpace(ids)
	}
	if got := run(); got != "AuditLogs a AuditLogs b AuditLogs c" {
		t.Errorf("first: %s", got)
	}
	write(t, blob(10), record("c")+record("d"))
	write(t, blob(11), record("e"))
	if got := run(); got != "AuditLogs d AuditLogs e" {
		t.Errorf("then: %s", got)
	}
	if got := run(); got != "" {
		t.Errorf("at last: %s", got)
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	a, b, odd := write(t, filepath.Join(dir, "a.json"), ""), write(t, filepath.Join(dir, "sub", "b.json"), ""), write(t, filepath.Join(dir, "c[1].csv"), "")
	write(t, filepath.Join(dir, ".hidden"), "")
	gone := filepath.Join(dir, "gone.json")
	for _, c := range []struct{ path, want string }{
		{dir, fmt.Sprint([]string{a, odd, b})},
		{filepath.Join(dir, "*.json"), fmt.Sprint([]string{a})},
		{filepath.Join(dir, "*"), fmt.Sprint([]string{a, odd, b})},
		{odd, fmt.Sprint([]string{odd})},
		{gone, fmt.Sprint([]string{gone})},
		{"-", "[-]"},
		{filepath.Join(dir, "*.txt"), fmt.Sprint([]string{filepath.Join(dir, "*.txt")})},
	} {
		got, err := file.Expand([]string{c.path, c.path})
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v; want %s", c.path, got, err, c.want)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Expand([]string{filepath.Join(dir, "empty")}); err == nil {
		t.Error("an empty directory is no mistake")
	}
}

// TestUnknownFileIsNotShown holds that what a host logs of a file that it can't read has nothing of what stands in it.
func TestUnknownFileIsNotShown(t *testing.T) {
	for _, text := range []string{`[{"canary":1}]`, "canary,b,c\n1,2,3\n"} {
		stream := file.Streams([]string{write(t, filepath.Join(t.TempDir(), "x"), text)}, nil, none(t))[0]
		if _, _, _, err := stream.Plan(t.Context(), time.Time{}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", text, err)
		}
		stream = file.Streams([]string{"-"}, strings.NewReader(text), none(t))[0]
		w, _, _, err := stream.Plan(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Source.Read(t.Context(), w, "", nil); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q from standard input: %v", text, err)
		}
	}
}
