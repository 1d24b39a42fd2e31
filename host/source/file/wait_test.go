//go:build unix

package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/file"
)

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNobodyWrites holds that the waiting for a pipe that nobody opens ends with the context; it would last for good.
func TestNobodyWrites(t *testing.T) {
	path := fifo(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := file.Open(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
	stream := file.Streams([]string{path}, nil, none(t))[0]
	w, _, ok, err := stream.Plan(ctx, time.Time{})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := stream.Source.Read(ctx, w, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v", err)
	}
}

// TestPipeIsReadOnce holds that rows of a pipe arrive as they are written, that the waiting for more ends with the
// context, and that nobody believes a pipe could be read again.
func TestPipeIsReadOnce(t *testing.T) {
	path := fifo(t)
	stream := file.Streams([]string{path}, nil, none(t))[0]
	if !stream.Volatile || stream.Name != "file:"+path {
		t.Errorf("stream %+v", stream)
	}
	w, _, _, err := stream.Plan(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	arrived, ended := make(chan string), make(chan error)
	go func() {
		ended <- stream.Source.Read(ctx, w, "", func(b pipeline.Batch) error {
			for i := range b.Events {
				arrived <- b.Events[i].ID
			}
			return nil
		})
	}()
	in, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, id := range []string{"one", "two"} {
		if _, err := in.WriteString(`{"Type":"X","_ItemId":"` + id + `"}` + "\n"); err != nil {
			t.Fatal(err)
		}
		if got := <-arrived; got != id {
			t.Errorf("%s arrived, not %s", got, id)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("while nobody writes: %v", err)
	}
	if err := stream.Source.Read(t.Context(), w, "", nil); err == nil {
		t.Error("a pipe was read again")
	}
}
