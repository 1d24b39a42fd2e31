package rulehost

import (
	"context"
	"errors"
	"fmt"
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

// informed is what the directory holds now, as files for the CEL module.
func (m *Modules) informed() ([]enrich.File, error) {
	if m.tenant == nil {
		return nil, nil
	}
	text, err := m.tenant.Context(context.Background())
	if err != nil {
		return nil, fmt.Errorf("ask the module %s what it knows: %w", directory.Name, err)
	}
	if text == nil {
		return nil, nil
	}
	return []enrich.File{{Name: rulefile.InformedPrefix + directory.Name, Data: text}}, nil
}

// FollowDirectory gives the rules what the directory holds whenever that changes, until ctx ends. Changes that follow within a
// moment are one.
func (m *Modules) FollowDirectory(ctx context.Context) {
	if m.tenant == nil {
		return
	}
	changed := m.tenant.Changed()
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
		m.inform(ctx)
	}
}

// inform gives the rules what the directory holds.
func (m *Modules) inform(ctx context.Context) {
	log := m.log.WithField("module", directory.Name)
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
		m.inform(ctx)
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
