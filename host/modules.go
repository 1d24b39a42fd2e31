package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/plugin"
)

// modules are the rule modules of a host: the CEL module first, then those that the configuration names.
type modules struct {
	cel    enrich.Module
	seen   *celrule.Recent // what the CEL module in this process remembers
	dns    *dns.Module     // nil when no names are looked up
	others map[string]enrich.Module
	order  []string
	tenant *directory.Module // nil when it is off
	// processes are the modules that have one of their own, by name.
	processes map[string]*plugin.Process
	closers   []io.Closer
	log       *logrus.Logger
	stats     *pipeline.Stats
	isolated  bool
	forgets   string // see Forgetful

	ran atomic.Pointer[map[string]bool] // the rules of the CEL module that ran when they were loaded

	mu     sync.Mutex    // held while rules are loaded
	config config.Config // the last one that was asked for
	rules  ruleState
}

func startModules(ctx context.Context, c config.Config, log *logrus.Logger, stats *pipeline.Stats) (*modules, error) {
	seen := celrule.NewRecent(celrule.DefaultMemory)
	cel := celrule.NewRemembering(seen)
	m := &modules{
		cel: cel, seen: seen, others: map[string]enrich.Module{}, processes: map[string]*plugin.Process{},
		log: log, stats: stats, isolated: c.Rules.Isolate, config: c,
	}
	if c.DNS.On() {
		m.dns = askDNS(cel)
	}
	err := m.startDirectory(ctx, c)
	if err == nil {
		err = m.checkRules(ctx)
	}
	if err == nil {
		err = m.start(ctx, c)
	}
	if err == nil {
		err = m.configure(ctx, c)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *modules) start(ctx context.Context, c config.Config) error {
	if c.Rules.Isolate {
		own, err := celProcess()
		if err != nil {
			return err
		}
		if m.cel, err = m.launch(ctx, own); err != nil {
			return err
		}
	}
	for _, one := range c.Modules {
		module, err := m.launch(ctx, one)
		if err != nil {
			return err
		}
		m.others[one.Name], m.order = module, append(m.order, one.Name)
	}
	return nil
}

func (m *modules) launch(ctx context.Context, one config.Module) (enrich.Module, error) {
	process, err := plugin.Launch(ctx, plugin.Options{
		Path: one.Path, Args: one.Args, SHA256: one.SHA256, Fence: fenceOf(one),
		Logger: m.log.WithField("module", one.Name),
	})
	if err != nil {
		return nil, fmt.Errorf("start module %s: %w", one.Name, err)
	}
	m.closers, m.processes[one.Name] = append(m.closers, process), process
	return process, nil
}

// configure hands every module its configuration. Each module replaces all or nothing; the CEL module, whose rules
// people change most, goes first, and nothing else is touched when it refuses. The modules that follow refuse one by
// one.
func (m *modules) configure(ctx context.Context, c config.Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.config = c
	if err := m.loadRules(ctx, always); err != nil {
		return err
	}
	if err := m.configureDirectory(ctx, c); err != nil {
		return err
	}
	for _, one := range c.Modules {
		module, ok := m.others[one.Name]
		if !ok {
			m.log.WithField("module", one.Name).Warn("a new module starts with the next restart")
			continue
		}
		settings, err := yaml.Marshal(one.Settings)
		if err != nil {
			return fmt.Errorf("write the settings of module %s: %w", one.Name, err)
		}
		if err := module.Configure(ctx, enrich.Config{Settings: settings}); err != nil {
			return fmt.Errorf("configure module %s, which keeps its settings beside the rules that were just loaded: %w", one.Name, err)
		}
	}
	return m.configureDNS(ctx, c)
}

func (m *modules) configureDNS(ctx context.Context, c config.Config) error {
	if m.dns == nil {
		return nil // switched on by a reload: that takes a restart
	}
	settings, err := yaml.Marshal(c.DNS)
	if err != nil {
		return fmt.Errorf("write the settings of the dns module: %w", err)
	}
	return m.dns.Configure(ctx, enrich.Config{Settings: settings})
}

// warn logs what the CEL module accepted, but somebody should look at.
func (m *modules) warn() {
	module, ok := m.cel.(*celrule.Module)
	if !ok {
		if m.forgets != "" {
			m.log.Warn(m.forgets)
		}
		return
	}
	for _, p := range module.Warnings() {
		m.log.WithFields(logrus.Fields{"place": p.Pos.String(), "code": p.Code}).Warn(p.Message)
	}
}

func (m *modules) enricher() *enrich.Enricher {
	e := enrich.NewEnricher(m.all()...)
	e.Failed = func(module string, events int, err error) {
		m.stats.Failed(fmt.Sprintf("tag %d events with module %s", events, module), err)
		m.log.WithError(err).WithField("module", module).Warnf("%d events go out without this module's tags", events)
	}
	return e
}

// Close ends the modules' processes.
func (m *modules) Close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
