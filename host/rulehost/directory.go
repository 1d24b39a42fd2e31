package rulehost

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// startDirectory makes the module that knows the tenant, when the configuration asks for it.
func (m *Modules) startDirectory(ctx context.Context, c config.Config) error {
	if !c.Directory.Enabled {
		return nil
	}
	m.tenant = directory.New(m.log.WithField("module", directory.Name), c.Secrets)
	m.closers = append(m.closers, m.tenant)
	return m.configureDirectory(ctx, c)
}

// configureDirectory hands the module its settings.
func (m *Modules) configureDirectory(ctx context.Context, c config.Config) error {
	if m.tenant == nil {
		if c.Directory.Enabled {
			m.log.Warn("the directory is read from the next restart on")
		}
		return nil
	}
	settings, err := yaml.Marshal(c.Directory)
	if err != nil {
		return fmt.Errorf("write the settings of the directory: %w", err)
	}
	if err := m.tenant.Configure(ctx, enrich.Config{Settings: settings}); err != nil {
		return fmt.Errorf("configure the directory: %w", err)
	}
	return nil
}

// informers are the modules that know something about the tenant, by name.
func (m *Modules) informers() map[string]enrich.Informer {
	all := map[string]enrich.Informer{}
	if m.tenant != nil {
		all[directory.Name] = m.tenant
	}
	return all
}

// informed is what modules know now, as files for the CEL module.
func (m *Modules) informed() (files []enrich.File, err error) {
	for name, module := range m.informers() {
		text, err := module.Context(context.Background())
		if err != nil {
			return nil, fmt.Errorf("ask the module %s what it knows: %w", name, err)
		}
		if text != nil {
			files = append(files, enrich.File{Name: rulefile.InformedPrefix + name, Data: text})
		}
	}
	return files, nil
}

// FollowDirectory gives the rules what modules know whenever that changes, until ctx ends.
func (m *Modules) FollowDirectory(ctx context.Context) {
	var all sync.WaitGroup
	for name, module := range m.informers() {
		all.Go(func() { m.inform(ctx, name, module.Changed()) })
	}
	all.Wait()
}

// inform loads the rules again behind each change of what a module knows. Changes that follow within a moment are one.
func (m *Modules) inform(ctx context.Context, name string, changed <-chan struct{}) {
	for {
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		if backoff.Sleep(ctx, quiet) != nil {
			return
		}
		select {
		case <-changed:
		default:
		}
		m.informOnce(ctx, name)
	}
}

func (m *Modules) informOnce(ctx context.Context, name string) {
	log := m.log.WithField("module", name)
	switch err := m.refresh(ctx); {
	case errors.Is(err, errSame), ctx.Err() != nil:
	case err != nil:
		log.WithError(err).Error("can't give the rules what the module knows: they go on with what they know")
	default:
		log.Info("the rules know what the module has learned")
	}
}

// AwaitDirectory waits until the directory was read, but no longer than the configuration says.
func (m *Modules) AwaitDirectory(ctx context.Context) {
	if m.tenant == nil || m.began.Directory.Wait == 0 {
		return
	}
	timer := time.NewTimer(m.began.Directory.Wait)
	defer timer.Stop()
	select {
	case <-m.tenant.Read():
		m.informOnce(ctx, directory.Name)
	case <-timer.C:
		m.log.Warnf("the directory wasn't read within %v: events go without it until it is", m.began.Directory.Wait)
	case <-ctx.Done():
	}
}

// Directory is how the reading of the directory goes; nothing when it is off.
func (m *Modules) Directory() directory.State {
	if m.tenant == nil {
		return directory.State{}
	}
	return m.tenant.State()
}
