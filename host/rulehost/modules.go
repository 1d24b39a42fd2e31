package rulehost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

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
	// processes are the modules that have one of their own, by name; order has the names of those that somebody else wrote.
	processes map[string]*plugin.Process
	order     []string
	voices    *voices
	log       *logrus.Logger
	stats     *pipeline.Stats
	closers   []io.Closer

	// What gives rules their context is nil where it is off.
	tenant    *directory.Module
	dns       *dns.Module
	followUps *followup.Book // events that wait for what dns finds out
	history   *history       // past rows
	keeper    *seenKeeper    // without it, what rules have seen is forgotten with the process

	watcher *reload.Watcher // nil when nothing is watched
	guarded bool            // rules that others may change are refused
	forgets string          // see Forgetful
	began   config.Config   // the first configuration

	ran    atomic.Pointer[map[string]bool] // the rules of the CEL module that ran when they were loaded
	mu     sync.Mutex                      // held while rules are loaded, guards the following
	config config.Config                   // the last one that was asked for
	files  map[string]string               // of the rules at work: digest by name
	tried  string                          // hash of the rules that were looked at last, whether they were taken or not
}

// Options say how modules are at work.
type Options struct {
	Log   *logrus.Logger
	Stats *pipeline.Stats // told which rules were loaded or refused, and of modules that fail
	// Guarded refuses rules that others than root and this process's user and groups may change, at the start and at each reload.
	Guarded bool
	Watch   bool // notice when rule files change; see [Modules.FollowFiles]
}

// Start loads the rules and starts the modules of a configuration. An *Error is about rules, every other error about something
// else. The modules must be closed.
func Start(ctx context.Context, c config.Config, o Options) (*Modules, error) {
	seen := celrule.NewRecent(celrule.DefaultMemory)
	cel := celrule.NewRemembering(seen)
	m := &Modules{
		cel: cel, seen: seen, processes: map[string]*plugin.Process{}, voices: newVoices(o.Log), log: o.Log, stats: o.Stats,
		guarded: o.Guarded, began: c, config: c,
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
		m.launch(one)
		m.order = append(m.order, one.Name)
	}
	return nil
}

func (m *Modules) launch(one config.Module) *plugin.Process {
	options := moduleOptions(one)
	options.Logger = m.log.WithField("module", one.Name)
	process := plugin.New(options)
	m.closers, m.processes[one.Name] = append(m.closers, process), process
	return process
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
