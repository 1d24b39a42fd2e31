package deadletter_test

import (
	"errors"
	"path/filepath"
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
