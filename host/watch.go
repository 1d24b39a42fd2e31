package host

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/reload"
)

// quiet is how long files must stay as they are before they are read again: longer than an editor or a copy takes
// between two writes.
const quiet = 500 * time.Millisecond

// Reload reads rules, context and modules' settings again. When anything is wrong, everything stays as it was.
func (h *Host) Reload(ctx context.Context, c config.Config) error {
	err := h.modules.configure(ctx, c, 0)
	h.watchAgain()
	h.showHistory()
	if err == nil && !reflect.DeepEqual(fixed(h.config), fixed(c)) {
		h.log.Warn("the configuration has other changes than rules: they take a restart")
	}
	return err
}

// showHistory shows past rows to rules with first_seen that weren't there before, while events flow.
func (h *Host) showHistory() {
	if h.history != nil {
		h.history.again()
	}
}

// watchAgain watches what matters since rules were loaded, which may name other files than those before.
func (h *Host) watchAgain() {
	if h.watcher == nil {
		return
	}
	if err := h.watcher.Watch(h.modules.watched()...); err != nil {
		h.log.WithError(err).Warn("can't watch all rule files: SIGHUP loads them")
	}
}

// watched are the paths whose changes matter to the CEL module: those of the configuration, and the files that lists
// are read from, wherever they are.
func (m *modules) watched() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.config.Rules
	paths := slices.Concat(c.Paths, c.Tuning)
	if c.Context != "" {
		paths = append(paths, c.Context)
	}
	for name := range m.rules.files {
		if !strings.HasPrefix(name, "builtin/") && !strings.HasPrefix(name, rulefile.InformedPrefix) {
			paths = append(paths, name)
		}
	}
	return paths
}

// watch begins to notice changes of rule files. A host that can't goes on without.
func (h *Host) watch() {
	w, err := reload.New(h.modules.watched()...)
	if err != nil {
		h.log.WithError(err).Warn("can't watch the rule files: SIGHUP loads them")
		return
	}
	h.watcher, h.closers = w, append(h.closers, w)
}

// startWatching loads rules whenever their files changed, until stop is called.
func (h *Host) startWatching(ctx context.Context) (stop func()) {
	if h.watcher == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.watcher.Run(ctx, quiet, func() { h.refresh(ctx) }, func(err error) {
			h.log.WithError(err).Warn("can't watch all rule files: SIGHUP loads them")
		})
	}()
	return func() { cancel(); <-done }
}

// refresh loads the rules if their files differ from those that were looked at last, so that a bad set is reported
// once however often the system says that something changed.
func (h *Host) refresh(ctx context.Context) {
	switch err := h.modules.refresh(ctx); {
	case errors.Is(err, errSame), ctx.Err() != nil:
	case err != nil:
		h.log.WithError(err).Error("can't reload changed rule files: the old rules stay at work")
	default:
		h.watchAgain()
		h.showHistory()
		h.log.WithField("hash", h.modules.stats.Figures().Rules.Hash).Info("rules reloaded: their files changed")
	}
}
