package reload

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watcher watches files and directories. It must be closed.
type Watcher struct {
	notify  *fsnotify.Watcher
	signals chan struct{} // something changed
	mu      sync.Mutex
	paths   []string // absolute
	places  *places
}

// New returns a watcher of the paths, each a file or a directory with all that is below it; see [Watcher.Watch]. The
// error says why the system can't watch.
func New(paths ...string) (*Watcher, error) {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	w := &Watcher{notify: notify, signals: make(chan struct{}, 1)}
	if err := w.Watch(paths...); err != nil {
		return nil, errors.Join(err, notify.Close())
	}
	return w, nil
}

// Watch replaces what is watched, and has Run call changed once, as nobody knows what happened before. A path may be
// absent: it is noticed when it comes. After an error some paths aren't watched.
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
	defer w.signal()
	return w.settle()
}

// settle has the system watch all directories that matter now: directories and links come and go with what happens in
// them. A name that was watched may belong to another directory now, so all watches are made anew. What happens meanwhile
// may be missed: whoever calls settle must tell of a change afterwards.
func (w *Watcher) settle() error {
	for _, old := range w.notify.WatchList() {
		_ = w.notify.Remove(old) // fails when the directory is gone, which is as good
	}
	w.places = &places{add: w.notify.Add, dirs: map[string]bool{}, names: map[string]bool{}}
	for _, p := range w.paths {
		w.places.tree(p)
	}
	return errors.Join(w.places.errs...)
}

func (w *Watcher) concerns(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.places.concern(name)
}

func (w *Watcher) signal() {
	select {
	case w.signals <- struct{}{}:
	default: // one is waiting already
	}
}

// Run calls changed at its beginning, and after something changed and it was quiet for the time quiet, at the latest
// after ten times that. It returns when ctx ends. Failures of the system to tell what changed count as a change; failed is told of
// failures to watch.
func (w *Watcher) Run(ctx context.Context, quiet time.Duration, changed func(), failed func(error)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		debounce(ctx, w.signals, quiet, func() {
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
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-w.notify.Events:
			if !ok {
				return
			}
			if w.concerns(event.Name) {
				w.signal()
			}
		case err, ok := <-w.notify.Errors:
			if !ok {
				return
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				failed(fmt.Errorf("watch files: %w", err))
			}
			w.signal()
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
