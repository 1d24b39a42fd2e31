package reload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watcher watches files and directories. It must be closed.
type Watcher struct {
	notify *fsnotify.Watcher
	mu     sync.Mutex
	paths  []string        // absolute
	links  map[string]bool // targets of symbolic links at or below the paths
}

// New returns a watcher of the paths, each a file or a directory with all that is below it; see [Watcher.Watch]. The
// error says why the system can't watch.
func New(paths ...string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	w := &Watcher{notify: notify}
	if err := w.Watch(paths...); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Watch replaces what is watched. A path may be absent: it is noticed when it comes, as long as its directory is
// there. After an error some paths aren't watched.
func (w *Watcher) Watch(paths ...string) error {
	var all []string
	for _, p := range paths {
		absolute, err := filepath.Abs(p)
		if err != nil {
			return fmt.Errorf("watch %s: %w", p, err)
		}
		all = append(all, absolute)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paths = all
	return w.settle()
}

// settle has the system watch all directories that matter now: directories come and go with what happens in them.
func (w *Watcher) settle() error {
	want := map[string]bool{}
	w.links = map[string]bool{}
	for _, p := range w.paths {
		want[filepath.Dir(p)] = true // tells when the path itself is replaced
		w.follow(p, want)
		err := filepath.WalkDir(p, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil // it is gone or closed to us; whoever reads the files says so
			}
			if entry.IsDir() {
				want[name] = true
			} else if entry.Type()&fs.ModeSymlink != 0 {
				w.follow(name, want)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("watch %s: %w", p, err)
		}
	}
	for _, old := range w.notify.WatchList() {
		if !want[old] {
			_ = w.notify.Remove(old) // fails when the directory is gone, which is as good
		}
	}
	var errs []error
	for dir := range want {
		if err := w.notify.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("watch %s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// follow adds the directory of what a symbolic link points to.
func (w *Watcher) follow(name string, want map[string]bool) {
	target, err := filepath.EvalSymlinks(name)
	if err != nil || target == name {
		return
	}
	w.links[target] = true
	want[filepath.Dir(target)] = true
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		want[target] = true
	}
}

// concerns reports whether a name is one of the paths, below one, or what a link points to.
func (w *Watcher) concerns(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.paths {
		if name == p || strings.HasPrefix(name, p+string(filepath.Separator)) {
			return true
		}
	}
	for target := range w.links {
		if name == target || filepath.Dir(name) == target {
			return true
		}
	}
	return false
}

// Run calls changed after something changed and it was quiet for the time quiet, at the latest after ten times that.
// It returns when ctx ends. Failures of the system to tell what changed count as a change; failed is told of
// failures to watch.
func (w *Watcher) Run(ctx context.Context, quiet time.Duration, changed func(), failed func(error)) {
	signals := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		debounce(ctx, signals, quiet, func() {
			w.mu.Lock()
			err := w.settle()
			w.mu.Unlock()
			if err != nil {
				failed(err)
			}
			changed()
		})
	}()
	defer func() { <-done }()
	signal := func() {
		select {
		case signals <- struct{}{}:
		default: // one is waiting already
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if w.concerns(event.Name) {
				signal()
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				failed(fmt.Errorf("watch files: %w", err))
			}
			signal()
		}
	}
}

// Close ends watching.
func (w *Watcher) Close() error {
	if err := w.notify.Close(); err != nil {
		return fmt.Errorf("end watching files: %w", err)
	}
	return nil
}

// patience is how many quiet times a change waits when it is never quiet.
const patience = 10

// debounce calls do once for signals that follow each other faster than quiet.
func debounce(ctx context.Context, signals <-chan struct{}, quiet time.Duration, do func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		latest := time.After(patience * quiet)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return
			case <-signals:
			case <-latest:
				waiting = false
			case <-time.After(quiet):
				waiting = false
			}
		}
		do()
	}
}
