package host

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/admin"
)

// TestSocketComesBack removes the directory of a socket, as `rm -rf data_dir` does, and asks until it answers again.
func TestSocketComesBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	ask := func() error {
		_, err := admin.Ask(t.Context(), dir)
		return err
	}
	mkdir := func() {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mkdir()
	s, err := openSocket(filepath.Join(dir, admin.SocketName), func() (io.Closer, error) {
		return admin.ListenSocket(t.Context(), dir, admin.Build{}, func() admin.Snapshot { return admin.Snapshot{} }, func() admin.Status { return admin.Status{} }, func(int) bool { return false })
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.keep(ctx, time.Millisecond) }()
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if ask() == nil {
		t.Fatal("it answers without its file")
	}
	mkdir()
	for ask() != nil {
		runtime.Gosched() // until it comes back
	}
	stop()
	<-done
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if ask() == nil {
		t.Error("it answers after it was closed")
	}
}
