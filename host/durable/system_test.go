package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// open opens the file as another process would: a lock belongs to what was opened.
func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestLock holds that one has the file at a time, until it unlocks or closes it.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	first, second := open(t, path), open(t, path)
	if err := Lock(first, true); err != nil {
		t.Fatal(err)
	}
	if err := Lock(second, false); !errors.Is(err, ErrLocked) {
		t.Fatalf("locked twice: %v", err)
	}
	if err := Unlock(first); err != nil {
		t.Fatal(err)
	}
	if err := Lock(second, false); err != nil {
		t.Fatal(err)
	}
	if err := Lock(first, false); !errors.Is(err, ErrLocked) {
		t.Fatalf("locked twice: %v", err)
	}
	second.Close()
	if err := Lock(first, true); err != nil {
		t.Fatal(err)
	}
}

// TestMay holds what is said of files and directories that are there, and of those that aren't.
func TestMay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if MayRead(path) == nil || MayWrite(path) || MayWriteIn(filepath.Join(dir, "none")) {
		t.Error("what isn't there may be read or written to")
	}
	open(t, path)
	if MayRead(path) != nil || !MayWrite(path) || !MayWriteIn(dir) {
		t.Error("what was just made may not be read or written to")
	}
	if free, err := Free(dir); err != nil || free == 0 {
		t.Errorf("%d bytes free, %v", free, err)
	}
	if _, err := Free(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that isn't there has free space")
	}
}
