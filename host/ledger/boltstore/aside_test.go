package boltstore

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestOnlySomeDamagedFilesAreKept sets the fourth file aside, and beside it lies what isn't a ledger.
func TestOnlySomeDamagedFilesAreKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	for _, name := range []string{FileName, FileName + ".1700000001.damaged", FileName + ".1700000003.damaged", FileName + ".1700000002.damaged", "backfill.db.1700000000.damaged"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	aside, err := setAside(path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	want := []string{"backfill.db.1700000000.damaged", FileName + ".1700000003.damaged", filepath.Base(aside)}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}
