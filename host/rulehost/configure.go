package rulehost

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/plugin"
)

// configure hands every module its configuration. Each module replaces all or nothing; the CEL module, whose rules
// people change most, goes first, and nothing else is touched when it refuses. The modules that follow refuse one by
// one, and one that is off has its configuration when it comes back. Those that take longer than patience are left to
// themselves; 0 is as long as they need.
func (m *Modules) configure(ctx context.Context, c config.Config, patience time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.config = c
	if err := m.loadRules(ctx, always); err != nil {
		return err
	}
	if err := m.configureDirectory(ctx, c); err != nil {
		return err
	}
	if err := m.configureOthers(ctx, c, patience); err != nil {
		return err
	}
	return m.configureDNS(ctx, c)
}

func (m *Modules) configureDNS(ctx context.Context, c config.Config) error {
	if m.dns == nil {
		return nil // switched on by a reload: that takes a restart
	}
	settings, err := yaml.Marshal(c.DNS)
	if err != nil {
		return fmt.Errorf("write the settings of the dns module: %w", err)
	}
	return m.dns.Configure(ctx, enrich.Config{Settings: settings})
}

// configureOthers hands the modules that somebody else wrote their settings, side by side. After patience those that
// aren't ready go on by themselves, 0 waits for all. The error is of modules that work and keep the settings they had.
func (m *Modules) configureOthers(ctx context.Context, c config.Config, patience time.Duration) error {
	type result struct {
		place int
		err   error
	}
	all := c.Modules
	results, pending := make(chan result, len(all)), map[int]bool{}
	for i, one := range all {
		process, ok := m.processes[one.Name]
		if !ok {
			m.log.WithField("module", one.Name).Warn("a new module starts with the next restart")
			continue
		}
		pending[i] = true
		go func() { results <- result{i, configureModule(ctx, process, one, c.Secrets)} }()
	}
	var deadline <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		deadline = timer.C
	}
	errs := make([]error, len(all))
	for len(pending) > 0 {
		select {
		case r := <-results:
			delete(pending, r.place)
			if err := m.unlessDown(all[r.place].Name, r.err); err != nil {
				errs[r.place] = fmt.Errorf("module %s, which keeps the settings that it had: %w", all[r.place].Name, err)
			}
		case <-deadline:
			for i := range pending {
				m.log.WithField("module", all[i].Name).
					Warnf("the module isn't ready after %v: events go out without its tags until it is", patience)
			}
			return errors.Join(errs...)
		}
	}
	return errors.Join(errs...)
}

// unlessDown is the error of configuring a module, but for one that is off, which gets its configuration when it is tried
// again.
func (m *Modules) unlessDown(name string, err error) error {
	down := new(plugin.DownError)
	if !errors.As(err, &down) {
		return err
	}
	m.log.WithError(down).WithField("module", name).Warn("the module is off: it is configured when it works")
	return nil
}
