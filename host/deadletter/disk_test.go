package deadletter_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/e2e/smalldisk"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestAFullDisk fills the disk and frees it: what was refused meanwhile is an error, and nothing of it is in the file.
func TestAFullDisk(t *testing.T) {
	disk, err := smalldisk.New(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	s := deadletter.New(filepath.Join(disk.Dir, "dead"), 0)
	events := make([]enrich.Event, 100)
	for i := range events {
		events[i] = enrich.Event{ID: string(rune('a' + i%26)), Table: "AuditLogs"}
	}
	all := make([]pipeline.Rejection, len(events))
	for i := range all {
		all[i] = pipeline.Rejection{Index: i, Reason: "code 6: Invalid data format"}
	}
	keep := s.Keep("hec")
	for n := 1; n <= 5; n++ {
		if err := disk.Fill(); err != nil {
			t.Fatal(err)
		}
		if err := keep(events, all); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("round %d: got %v", n, err)
		}
		if err := disk.Free(); err != nil {
			t.Fatal(err)
		}
		if err := keep(events, all); err != nil {
			t.Fatal(err)
		}
		letters := 0
		if err := s.Each("hec", func(deadletter.Letter) error { letters++; return nil }); err != nil || letters != n*len(events) {
			t.Errorf("round %d: %d letters, %v", n, letters, err)
		}
	}
}

// TestDamagedFiles flips a bit of the file or cuts it, many times: what is shown as an event is what was kept, what isn't
// says so, and the file takes more.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	events, all := make([]enrich.Event, 10), make([]pipeline.Rejection, 10)
	for i := range events {
		events[i] = enrich.Event{ID: fmt.Sprint("event-", i), Table: "AuditLogs"}
		all[i] = pipeline.Rejection{Index: i, Reason: "code 6"}
	}
	s := deadletter.New(dir, 0)
	if err := s.Keep("hec")(events, all); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "hec.ndjson")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	show := func(l deadletter.Letter) error { want[string(l.Event)] = true; return nil }
	if err := s.Each("hec", show); err != nil || len(want) != 10 {
		t.Fatalf("%d letters, %v", len(want), err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		bad := bytes.Clone(good)
		if i%4 == 0 {
			bad = bad[:random.IntN(len(bad))]
		} else {
			bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep("hec")(events[:1], all[:1]); err != nil {
			t.Fatalf("damage %d: %v", i, err)
		}
		whole := 0
		err := s.Each("hec", func(l deadletter.Letter) error {
			if !strings.Contains(l.Reason, "damaged") && !want[string(l.Event)] {
				t.Errorf("damage %d: shown as whole: %s", i, l.Event)
			}
			if want[string(l.Event)] {
				whole++
			}
			return nil
		})
		if err != nil || i%4 != 0 && whole < 9 {
			t.Errorf("damage %d: %d whole letters, %v", i, whole, err)
		}
	}
}
