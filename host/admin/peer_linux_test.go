package admin

import (
	"errors"
	"os"
	"testing"
)

// TestSocketHangsUpOnForeigners asks as a process that is known to be a module, and as one that isn't.
func TestSocketHangsUpOnForeigners(t *testing.T) {
	for _, foreign := range []bool{true, false} {
		dir, err := os.MkdirTemp("", "rr") // short enough for a socket
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		asked := 0
		server, err := ListenSocket(t.Context(), dir, Build{}, func() Snapshot { return Snapshot{} }, func() Status { return Status{Running: true} },
			func(pid int) bool {
				asked = pid
				return foreign
			})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Ask(t.Context(), dir)
		if foreign && (err == nil || errors.Is(err, ErrNoHost)) || !foreign && (err != nil || !s.Running) {
			t.Errorf("foreign %v: %+v, %v", foreign, s.Running, err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if asked != os.Getpid() {
			t.Errorf("the caller was %d, not %d", asked, os.Getpid())
		}
	}
}
