package durable

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWholeLines(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for content, want := range map[string]int64{
		"": 0, "part": 0, "one\n": 4, "one\ntwo": 4, "\n": 1, "one\n" + long: 4, long + "\n" + long: 200_001, long: 0,
	} {
		path := filepath.Join(t.TempDir(), "lines")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := WholeLines(file); err != nil || got != want {
			t.Errorf("%.20q: %d, %v; want %d", content, got, err, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSyncDirectory(t *testing.T) {
	if err := SyncDirectory(t.TempDir()); err != nil {
		t.Error(err)
	}
	if err := SyncDirectory(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a directory that isn't there was synced")
	}
}
