//go:build unix

package inputfile_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// TestPipe holds that nothing waits for the writer of a named pipe.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := inputfile.Read(path, 10); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("Read: %v", err)
	}
	if _, err := inputfile.OpenFolder(path); err == nil {
		t.Error("OpenFolder took a pipe")
	}
	f, err := inputfile.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read("pipe", 10); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("Folder.Read: %v", err)
	}
}
