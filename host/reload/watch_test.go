package reload

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDebounce holds that many signals are one change, and that a change isn't put off for ever.
func TestDebounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		signals := make(chan struct{})
		changes, start := make(chan time.Duration, 10), time.Now()
		go debounce(ctx, signals, 500*time.Millisecond, func() { changes <- time.Since(start) })
		for range 5 {
			signals <- struct{}{}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if len(changes) != 1 {
			t.Errorf("want one change, got %d", len(changes))
		}
		if at := <-changes; at != 900*time.Millisecond {
			t.Errorf("want it 500 ms after the last signal, at 900 ms, got %v", at)
		}
		noise := time.Since(start)
		for range 100 {
			signals <- struct{}{}
			time.Sleep(100 * time.Millisecond)
		}
		if at := <-changes - noise; at != 5*time.Second {
			t.Errorf("want a change after 5 s of noise, got it after %v", at)
		}
		cancel()
		synctest.Wait()
	})
}

// watched runs a watcher over the paths; the channel gets a value for each change after it began.
func watched(t *testing.T, paths ...string) <-chan struct{} {
	t.Helper()
	changes := make(chan struct{}, 1000)
	watching(t, func() { changes <- struct{}{} }, paths...)
	<-changes // the beginning
	return changes
}

// watching runs a watcher over the paths until the test ends.
func watching(t *testing.T, changed func(), paths ...string) {
	t.Helper()
	w, err := New(paths...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx, time.Millisecond, changed, func(err error) { t.Error(err) })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestChanges holds that each way of changing rule files is noticed. A change that isn't makes the test time out.
func TestChanges(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		change  func(t *testing.T, dir string)
	}{
		"a file is written": {nil, func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "rules/a.yaml"), []byte("b"), 0o600))
		}},
		"a file is replaced": {nil, func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, "new"), []byte("b"), 0o600))
			must(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "rules/a.yaml")))
		}},
		"a file is removed": {nil, func(t *testing.T, dir string) {
			must(t, os.Remove(filepath.Join(dir, "rules/a.yaml")))
		}},
		"a directory comes, and a file in it": {nil, func(t *testing.T, dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "rules/sub/deep"), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "rules/sub/deep/b.yaml"), []byte("b"), 0o600))
		}},
		"the directory is replaced": {nil, func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, "rules"), filepath.Join(dir, "old")))
			must(t, os.Mkdir(filepath.Join(dir, "rules"), 0o700))
		}},
		"what a link points to is written": {
			func(t *testing.T, dir string) {
				must(t, os.WriteFile(filepath.Join(dir, "elsewhere/target"), []byte("a"), 0o600))
				must(t, os.Symlink("../elsewhere/target", filepath.Join(dir, "rules/link.yaml")))
			},
			func(t *testing.T, dir string) {
				must(t, os.WriteFile(filepath.Join(dir, "elsewhere/target"), []byte("b"), 0o600))
			},
		},
		"a ConfigMap is swapped": {
			func(t *testing.T, dir string) {
				must(t, os.Mkdir(filepath.Join(dir, "rules/..1"), 0o700))
				must(t, os.WriteFile(filepath.Join(dir, "rules/..1/c.yaml"), []byte("1"), 0o600))
				must(t, os.Symlink("..1", filepath.Join(dir, "rules/..data")))
				must(t, os.Symlink("..data/c.yaml", filepath.Join(dir, "rules/c.yaml")))
			},
			func(t *testing.T, dir string) {
				must(t, os.Symlink("..1", filepath.Join(dir, "rules/..tmp")))
				must(t, os.Rename(filepath.Join(dir, "rules/..tmp"), filepath.Join(dir, "rules/..data")))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.MkdirAll(filepath.Join(dir, "rules"), 0o700))
			must(t, os.MkdirAll(filepath.Join(dir, "elsewhere"), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "rules/a.yaml"), []byte("a"), 0o600))
			if test.prepare != nil {
				test.prepare(t, dir)
			}
			changes := watched(t, filepath.Join(dir, "rules"))
			test.change(t, dir)
			<-changes
		})
	}
}

// TestNewDirectory holds that what happens in a directory which came later is noticed, too.
func TestNewDirectory(t *testing.T) {
	dir := t.TempDir()
	changes := watched(t, filepath.Join(dir, "rules"))
	must(t, os.Mkdir(filepath.Join(dir, "rules"), 0o700))
	<-changes
	must(t, os.WriteFile(filepath.Join(dir, "rules/a.yaml"), []byte("a"), 0o600))
	<-changes
}

// TestNeighbours holds that files beside a watched file are none of our business.
func TestNeighbours(t *testing.T) {
	dir := t.TempDir()
	changes := watched(t, filepath.Join(dir, "context.yaml"))
	must(t, os.WriteFile(filepath.Join(dir, "other.yaml"), []byte("a"), 0o600))
	select {
	case <-changes:
		t.Error("another file's change was told")
	default:
	}
	must(t, os.WriteFile(filepath.Join(dir, "context.yaml"), []byte("a"), 0o600))
	<-changes
}
