package rulehost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/reload"
	"github.com/riskrelay/riskrelay/host/source/followup"
	"github.com/riskrelay/riskrelay/plugin"
)

// Modules are the rule modules of a host: the CEL module first, then those that the configuration names. Any goroutine may use them.
type Modules struct {
	cel  enrich.Module
	seen *celrule.Recent // what the CEL module in this process remembers
	dns  *dns.Module     // nil when no names are looked up
	// followUps are the events that wait for what dns finds out; nil when no names are looked up.
	followUps *followup.Book
	history   *history        // nil when past rows aren't read
	keeper    *seenKeeper     // nil when what rules have seen is forgotten with the process
	watcher   *reload.Watcher // nil when nothing is watched
	others    map[string]*plugin.Process
	order     []string
	tenant    *directory.Module // nil when it is off
	// processes are the modules that have one of their own, by name.
	processes map[string]*plugin.Process
	closers   []io.Closer
	log       *logrus.Logger
	stats     *pipeline.Stats
	voices    *voices
	isolated  bool
	guarded   bool   // rules that others may change are refused
	forgets   string // see Forgetful

	ran atomic.Pointer[map[string]bool] // the rules of the CEL module that ran when they were loaded

	began  config.Config // the one that the host was started with
	mu     sync.Mutex    // held while rules are loaded
	config config.Config // the last one that was asked for
	rules  ruleState
}

// Options say how modules are at work.
type Options struct {
	Log   *logrus.Logger
	Stats *pipeline.Stats // told which rules were loaded or refused, and of modules that fail
	// Guarded refuses rules that others than root and this process's user and groups may change, at the start and at each reload.
	Guarded bool
	Watch   bool // notice when rule files change; see [Modules.FollowFiles]
}

// Start loads the rules and starts the modules of a configuration. A *Error is about rules. They must be closed.
func Start(ctx context.Context, c config.Config, o Options) (*Modules, error) {
	seen := celrule.NewRecent(celrule.DefaultMemory)
	cel := celrule.NewRemembering(seen)
	m := &Modules{
		cel: cel, seen: seen, others: map[string]*plugin.Process{}, processes: map[string]*plugin.Process{},
		log: o.Log, stats: o.Stats, isolated: c.Rules.Isolate, guarded: o.Guarded, began: c, config: c, voices: newVoices(o.Log),
	}
	if c.DNS.On() {
		m.dns = askDNS(cel)
	}
	err := m.startDirectory(ctx, c)
	if err == nil {
		err = m.checkRules(ctx)
	}
	if err == nil {
		err = m.start(c)
	}
	if err == nil {
		err = m.configure(ctx, c, firstStart)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if o.Watch {
		m.watch()
	}
	return m, nil
}

// start makes the modules that have a process of their own. Their programs are started by the first configuration.
func (m *Modules) start(c config.Config) error {
	if c.Rules.Isolate {
		own, err := celProcess()
		if err != nil {
			return err
		}
		m.cel = m.launch(own)
	}
	for _, one := range c.Modules {
		m.others[one.Name], m.order = m.launch(one), append(m.order, one.Name)
	}
	return nil
}

const (
	// celName is what the module with the built-in rules calls itself.
	celName = "cel"
	// celTime is how long that module may take for a batch in a process of its own: it bounds each event by itself.
	celTime = 8 * time.Second
	// firstStart is how long the start of the host waits for modules that somebody else wrote.
	firstStart = 10 * time.Second
)

func (m *Modules) launch(one config.Module) *plugin.Process {
	options := moduleOptions(one)
	options.Logger = m.log.WithField("module", one.Name)
	process := plugin.New(options)
	m.closers, m.processes[one.Name] = append(m.closers, process), process
	return process
}

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

// warn logs what the CEL module accepted, but somebody should look at.
func (m *Modules) warn() {
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

// Enricher has events judged by all modules.
func (m *Modules) Enricher() *enrich.Enricher {
	e := enrich.NewEnricher(m.all()...)
	e.Clean = m.config.Secrets.Clean
	e.Failed = func(module string, events int, err error) {
		m.stats.Failed(fmt.Sprintf("tag %d events with module %s", events, module), err)
		m.voices.unjudged(module, events, err)
	}
	e.Refused = m.voices.refused
	return e
}

// Close ends the modules' processes.
func (m *Modules) Close() error {
	var errs []error
	if m.watcher != nil {
		errs = append(errs, m.watcher.Close())
	}
	for _, c := range m.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
