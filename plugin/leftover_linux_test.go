package plugin

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestFailedStartsLeaveNothing starts modules that can't be started again and again: no descriptor, directory or process is left.
func TestFailedStartsLeaveNothing(t *testing.T) {
	const starts = 5
	swapped := script(t, `exit 0`)
	swapped.SHA256 = strings.Repeat("0", 64)
	gone := script(t, `exit 0`)
	gone.Path += ".gone"
	pinned := script(t, `echo hello; sleep 3600`)
	pinned.SHA256 = digestOf(t, pinned.Path)
	noInterpreter := script(t, `exit 0`)
	if err := os.WriteFile(noInterpreter.Path, []byte("#!/nowhere/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	bare := noInterpreter
	bare.Fence = nil
	mute := options(t, "mute")
	mute.Args[1] += " " + certificate(t)
	mute.StartTimeout = 200 * time.Millisecond
	for name, o := range map[string]Options{
		"swapped": swapped, "gone": gone, "no greeting": pinned, "ends": script(t, `exit 3`), "no interpreter": noInterpreter, "no fence": bare,
		"crash": options(t, "crash-describe"), "bad name": options(t, "bad-name"), "mute": mute,
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "rr") // short enough for a socket
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { removeAll(dir) })
			o.Dir = dir
			p := New(o)
			if err := p.gate.Acquire(t.Context(), whole); err != nil { // nobody else starts it meanwhile
				t.Fatal(err)
			}
			defer func() { p.gate.Release(whole); _ = p.Close() }()
			_ = p.restart(t.Context(), nil) // what is opened once may stay
			before := entries(t, "/proc/self/fd")
			for range starts {
				if err := p.restart(t.Context(), nil); err == nil {
					t.Fatal("started")
				}
			}
			if after := entries(t, "/proc/self/fd"); after >= before+starts { // go-plugin closes the last output a moment later
				t.Errorf("%d descriptors after a start, %d after %d more", before, after, starts)
			}
			if n := entries(t, dir); n > 0 {
				t.Errorf("%d directories for sockets are left", n)
			}
			if left := processes(t, func(c process) bool { return c.parent == strconv.Itoa(os.Getpid()) }); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
		})
	}
}

// TestSocketDirectoryIsMadeAgain removes the directory for sockets, as what cleans up among temporary files may.
func TestSocketDirectoryIsMadeAgain(t *testing.T) {
	o := options(t, "good")
	base, err := os.MkdirTemp("", "rr") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(base) })
	t.Setenv("TMPDIR", base)
	for _, dir := range []string{"", base + "/own"} {
		o.Dir = dir
		p := launch(t, o)
		configure(t, p, "fish")
		removeAll(p.run.(*session).options.Dir)
		p.run.(*session).program.kill()
		if lists, err := p.Tag(t.Context(), events("fish")); err != nil || len(lists[0]) != 1 || lists[0][0].Rule != "test.word" {
			t.Errorf("in %q: Tag = %v, %v", dir, brief(lists), err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := entries(t, base); n != 1 { // own
		t.Errorf("%d directories are left", n)
	}
}

func entries(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
