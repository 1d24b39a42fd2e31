// Package host puts the parts together: it builds streams, modules and sinks from a configuration and runs the
// pipeline between them.
package host

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
	"github.com/riskrelay/riskrelay/host/reload"
	"github.com/riskrelay/riskrelay/host/source/followup"
	"github.com/riskrelay/riskrelay/host/source/graph"
	"github.com/riskrelay/riskrelay/host/systemd"
)

// Options say how a host runs.
type Options struct {
	Log    *logrus.Logger
	Stdin  io.Reader // the rows of the file "-"
	Stdout io.Writer // where a dry run prints
	Once   bool      // handle what there is now and end
	DryRun bool      // print instead of sending, and remember nothing
	// Guarded refuses rules that others than root and this process's user and groups may change, at the start and at
	// each reload.
	Guarded bool
	// Letters is the data directory for dead letters; "" is the configuration's.
	Letters string
	// Observe is told of each batch that was read and tagged; nil means nobody wants to know.
	Observe func(stream string, events []enrich.Event)
	Build   admin.Build      // as metrics shall show it
	Service systemd.Notifier // told how the host does
}

// Host is a running riskrelay.
type Host struct {
	pipeline  *pipeline.Pipeline
	modules   *modules
	letters   *deadletter.Store // nil in a dry run
	history   *history          // nil when past rows aren't read
	followUps *followup.Book    // nil when no names are looked up
	config    config.Config
	// sightings holds what was seen of Microsoft Graph; nil in a dry run.
	sightings graph.Store
	closers   []io.Closer
	certified []namedCertified
	watcher   *reload.Watcher // nil when nothing is watched
	service   systemd.Notifier
	started   time.Time
	// proven is what the ledger has proven; nil in a dry run. Whoever compares holds proving.
	proven  func(stream string, from, to time.Time) (map[string][]pipeline.Tally, error)
	proving sync.Mutex
	auditor *proof.Auditor         // nil when nothing is audited
	doing   atomic.Pointer[string] // what is done before the first row is read
	log     *logrus.Logger
}

// RuleError says that rules didn't load.
type RuleError struct{ err error }

func (e *RuleError) Error() string { return e.err.Error() }

// Unwrap returns the problems.
func (e *RuleError) Unwrap() error { return e.err }

// New builds a host. It reads the files that the configuration names, starts modules and opens the ledger, but reads
// no event yet. A *RuleError is about rules, every other error about something else. The host must be closed.
func New(ctx context.Context, c config.Config, o Options) (_ *Host, err error) {
	h := &Host{log: o.Log, config: c, service: o.Service, started: time.Now()}
	h.does(starting)
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if err := h.listen(ctx, o); err != nil {
		return nil, err
	}
	stats := &pipeline.Stats{Observe: o.Observe, Untimed: tellUntimed(o.Log)}
	if h.modules, err = startModules(ctx, c, o, stats); err != nil {
		return nil, err
	}
	h.closers = append(h.closers, h.modules)
	if c.Rules.Watch && !o.Once {
		h.watch()
	}
	h.pipeline = &pipeline.Pipeline{
		Enricher: h.modules.enricher(), Log: o.Log, Stats: stats, Once: o.Once, Drain: c.Drain, Forget: c.Sinks.Forget,
	}
	if o.DryRun {
		h.pipeline.Outlets = []pipeline.Outlet{retried("stdout", &printer{out: o.Stdout}, 1, 0, o)}
		if err := h.openFollowUps(nil, nil); err != nil {
			return nil, err
		}
	} else if err := h.openDisk(ctx, c, o); err != nil {
		return nil, err
	}
	if h.pipeline.Streams, err = h.streams(c, o); err != nil {
		return nil, err
	}
	h.openAudits()
	return h, nil
}

// openDisk opens what lives on the disk: the ledger, the dead letters and the sinks.
func (h *Host) openDisk(ctx context.Context, c config.Config, o Options) error {
	if err := h.openLedger(c); err != nil {
		return err
	}
	h.listenLocally(ctx, o.Build)
	if h.letters = DeadLetters(c); o.Letters != "" {
		beside := c
		beside.DataDir = o.Letters
		h.letters = DeadLetters(beside)
	}
	return h.openSinks(c, o)
}

// lostLedger is what follows from a ledger that is lost.
const lostLedger = "reading begins as far back as the source's start says, and rows that were sent before are sent again with the " +
	"same event_id; rows that are older and were not sent yet need a longer start"

func (h *Host) openLedger(c config.Config) error {
	store, err := boltstore.Open(c.DataDir)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, store)
	if aside := store.SetAside(); aside != "" {
		h.log.WithField("file", aside).
			Errorf("the ledger is damaged and was set aside: %s", lostLedger)
	}
	store.Told = func(what string) { h.log.Error(what) }
	h.closers = append(h.closers, compactNightly(store, h.log))
	l := ledger.New(store)
	l.Damaged = func(stream string, err error) {
		h.log.WithError(err).WithField("stream", stream).
			Errorf("the ledger's record is damaged: %s", lostLedger)
	}
	h.pipeline.Ledger, h.sightings, h.proven = l, store, l.Proof
	if err := h.openFollowUps(store, l); err != nil {
		return err
	}
	return h.keepSeen(c, store)
}

// keepSeen makes what rules with first_seen remember outlive this process. A CEL module in a process of its own keeps it
// to itself.
func (h *Host) keepSeen(c config.Config, store *boltstore.Store) error {
	module, ok := h.modules.cel.(*celrule.Module)
	if !ok {
		return nil
	}
	if c.Rules.History {
		h.history = newHistory(module, store, h.pipeline.Ledger, h.log)
	}
	keeper, err := keepSeen(h.modules.seen, store, h.log)
	if err != nil {
		return fmt.Errorf("read what rules have seen: %w", err)
	}
	h.closers = append(h.closers, keeper)
	return nil
}

// Run moves events until ctx ends or everything is done; see pipeline.Pipeline.
func (h *Host) Run(ctx context.Context) error {
	h.log.WithFields(logrus.Fields{"streams": len(h.pipeline.Streams), "sinks": len(h.pipeline.Outlets)}).Info("running")
	h.does("reads the directory")
	fallSilent := h.startNotifying(ctx)
	defer h.startExpiry(ctx)()
	h.awaitDirectory(ctx)
	defer h.startInforming(ctx)()
	h.does("reads past rows for rules with first_seen")
	if h.history != nil {
		h.history.show(ctx, h.pipeline.Streams)
		defer h.history.follow(ctx, h.pipeline.Streams)()
	}
	stop, stopFollowUps := h.startWatching(ctx), h.startFollowUps(ctx)
	h.does("")
	stopAudits := h.startAudits(ctx)
	err := h.pipeline.Run(ctx)
	stopAudits()
	stopFollowUps()
	stop()
	fallSilent()
	f := h.pipeline.Stats.Figures()
	fields := logrus.Fields{"read": f.Read, "tagged": f.Tagged, "unreadable": f.Unreadable}
	for name, n := range f.Sinks {
		name = strings.ReplaceAll(name, " ", "_") // a key of logfmt has none
		fields[name+"_confirmed"], fields[name+"_dead_letters"] = n.Confirmed, n.Dead
	}
	h.log.WithFields(fields).Info("ended")
	return err
}

// Figures are the counts so far.
func (h *Host) Figures() pipeline.Figures { return h.pipeline.Stats.Figures() }

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

// Close ends modules and connections and lets go of the ledger. Run must have returned.
func (h *Host) Close() {
	if h.pipeline != nil {
		for _, o := range h.pipeline.Outlets {
			if err := o.Sink.Close(); err != nil {
				h.log.WithError(err).WithField("sink", o.Name).Warn("can't close the sink")
			}
		}
	}
	for i := len(h.closers) - 1; i >= 0; i-- {
		if err := h.closers[i].Close(); err != nil {
			h.log.WithError(err).Warn("can't close")
		}
	}
}
