package rulehost

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/reload"
)

// quiet is how long files must stay as they are before they are read again: longer than an editor or a copy takes
// between two writes.
const quiet = 500 * time.Millisecond

// Reload reads rules, context and modules' settings again. When anything is wrong, everything stays as it was.
func (m *Modules) Reload(ctx context.Context, c config.Config) error {
	err := m.configure(ctx, c, 0)
	m.watchAgain()
	m.askHistory()
	if err == nil && !reflect.DeepEqual(fixed(m.began), fixed(c)) {
		m.log.Warn("the configuration has other changes than rules: they take a restart")
	}
	return err
}

// fixed is the part of a configuration that a reload doesn't touch.
func fixed(c config.Config) config.Config {
	c.Rules = config.Rules{Isolate: c.Rules.Isolate}
	if c.DNS.On() { // whom to ask is read again, whether anybody is asked isn't
		c.DNS = dns.Config{Resolver: "on"}
	} else {
		c.DNS = dns.Config{}
	}
	c.Directory = directory.Config{Enabled: c.Directory.Enabled}
	c.Modules = slices.Clone(c.Modules)
	for i := range c.Modules {
		c.Modules[i].Settings, c.Modules[i].SettingsFiles = nil, nil
	}
	return c
}

// watchAgain watches what matters since rules were loaded, which may name other files than those before.
func (m *Modules) watchAgain() {
	if m.watcher == nil {
		return
	}
	if err := m.watcher.Watch(m.watched()...); err != nil {
		m.log.WithError(err).Warn("can't watch all rule files: SIGHUP loads them")
	}
}

// watched are the paths whose changes matter to the CEL module: those of the configuration, and the files that lists
// are read from, wherever they are.
func (m *Modules) watched() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.config.Rules
	paths := slices.Concat(c.Paths, c.Tuning)
	if c.Context != "" {
		paths = append(paths, c.Context)
	}
	for name := range m.files {
		if !strings.HasPrefix(name, "builtin/") && !strings.HasPrefix(name, rulefile.InformedPrefix) {
			paths = append(paths, name)
		}
	}
	return paths
}

// watch begins to notice changes of rule files. A host that can't goes on without.
func (m *Modules) watch() {
	w, err := reload.New(m.watched()...)
	if err != nil {
		m.log.WithError(err).Warn("can't watch the rule files: SIGHUP loads them")
		return
	}
	m.watcher = w
}

// FollowFiles loads rules whenever their files changed, until ctx ends.
func (m *Modules) FollowFiles(ctx context.Context) {
	if m.watcher == nil {
		return
	}
	m.watcher.Run(ctx, quiet, func() { m.filesChanged(ctx) }, func(err error) {
		m.log.WithError(err).Warn("can't watch all rule files: SIGHUP loads them")
	})
}

// filesChanged loads the rules if their files differ from those that were looked at last, so that a bad set is reported
// once however often the system says that something changed.
func (m *Modules) filesChanged(ctx context.Context) {
	switch err := m.refresh(ctx); {
	case errors.Is(err, errSame), ctx.Err() != nil:
	case err != nil:
		m.log.WithError(err).Error("can't reload changed rule files: the old rules stay at work")
	default:
		m.watchAgain()
		m.askHistory()
		m.log.WithField("hash", m.stats.Figures().Rules.Hash).Info("rules reloaded: their files changed")
	}
}
