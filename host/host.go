package host

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/module/directory"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
	"github.com/riskrelay/riskrelay/host/rulehost"
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
	pipeline *pipeline.Pipeline
	modules  *rulehost.Modules
	config   config.Config
	stats    *pipeline.Stats

	// Nil in a dry run are
	ledger  *ledger.Ledger
	store   ledgerFile        // in which the ledger lies, and what else outlives this process
	letters *deadletter.Store // what sinks refused
	socket  *socket           // nil also where it can't be opened
	auditor *proof.Auditor    // nil also when nothing is audited

	proving sync.Mutex // held by whoever compares what was proven
	sinks   []named
	service systemd.Notifier
	started time.Time
	doing   atomic.Pointer[string] // what is done before the first row is read
	log     *logrus.Logger
	closers []io.Closer
}

// starting is what a host is doing until [New] has put all its parts together.
const starting = "loads rules and starts modules"

// New builds a host. It reads the files that the configuration names, starts modules and opens the ledger, but reads
// no event yet. A *rulehost.Error is about rules, every other error about something else. The host must be closed.
func New(ctx context.Context, c config.Config, o Options) (_ *Host, err error) {
	h := &Host{log: o.Log, config: c, service: o.Service, started: time.Now(), stats: &pipeline.Stats{Observe: o.Observe}}
	h.does(starting)
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if err := h.listen(ctx, o); err != nil {
		return nil, err
	}
	how := rulehost.Options{Log: o.Log, Stats: h.stats, Guarded: o.Guarded, Watch: c.Rules.Watch && !o.Once}
	if h.modules, err = rulehost.Start(ctx, c, how); err != nil {
		return nil, err
	}
	h.closers = append(h.closers, h.modules)
	if err := h.openDisk(ctx, c, o); err != nil {
		return nil, err
	}
	streams, err := h.streams(c, o)
	if err != nil {
		return nil, err
	}
	outlets, err := h.outlets(c, o)
	if err != nil {
		return nil, err
	}
	h.pipeline = &pipeline.Pipeline{
		Streams:  streams,
		Enricher: h.modules.Enricher(),
		Outlets:  outlets,
		Ledger:   h.ledger,
		Log:      o.Log, Stats: h.stats, Once: o.Once, Drain: c.Drain, Forget: c.Sinks.Forget,
	}
	h.openAudits()
	return h, nil
}

// background is all that goes on beside the pipeline until ctx ends: see [begin] for the order.
func (h *Host) background(ctx context.Context) []background {
	return []background{
		{name: "service manager", run: func(end context.Context) { h.notify(end, ctx.Done()) }, drains: true},
		{name: "socket", run: h.keepSocket, drains: true},
		{name: "certificates", run: h.watchCertificates},
		{name: "ledger file", run: h.compact, drains: true},
		{name: "what rules have seen", run: h.modules.SaveSeen, drains: true},
		{name: "directory", first: h.modules.AwaitDirectory, run: h.modules.FollowDirectory},
		{name: "history", first: h.showPast, run: h.followHistory},
		{name: "rule files", run: h.modules.FollowFiles},
		{name: "DNS", run: h.modules.LookUp},
		{name: "follow-ups", run: h.modules.FollowUp},
		{name: "audits", run: h.audit},
	}
}

// Run moves events until ctx ends or everything is done; see pipeline.Pipeline.
func (h *Host) Run(ctx context.Context) error {
	h.log.WithFields(logrus.Fields{"streams": len(h.pipeline.Streams), "sinks": len(h.pipeline.Outlets)}).Info("running")
	h.does("reads the directory")
	end := begin(ctx, h.background(ctx), h.log)
	h.does("")
	err := h.pipeline.Run(ctx)
	end()
	f := h.Figures()
	fields := logrus.Fields{"read": f.Read, "tagged": f.Tagged, "unreadable": f.Unreadable}
	for name, n := range f.Sinks {
		name = strings.ReplaceAll(name, " ", "_") // a key of logfmt has none
		fields[name+"_confirmed"], fields[name+"_dead_letters"] = n.Confirmed, n.Dead
	}
	h.log.WithFields(fields).Info("ended")
	return err
}

// Figures are the counts so far.
func (h *Host) Figures() pipeline.Figures { return h.stats.Figures() }

// Reload reads rules, context and modules' settings again. When anything is wrong, everything stays as it was.
func (h *Host) Reload(ctx context.Context, c config.Config) error { return h.modules.Reload(ctx, c) }

// Directory is how the reading of the directory goes; nothing when it is off.
func (h *Host) Directory() directory.State { return h.modules.Directory() }

// showPast shows past rows to rules that have never seen any, before the first new one is read.
func (h *Host) showPast(ctx context.Context) {
	h.does("reads past rows for rules with first_seen")
	h.modules.ShowHistory(ctx, h.pipeline.Streams)
}

func (h *Host) followHistory(ctx context.Context) { h.modules.FollowHistory(ctx, h.pipeline.Streams) }

// Close ends modules and connections and lets go of the ledger. Run must have returned.
func (h *Host) Close() {
	if h.pipeline != nil {
		for _, o := range h.pipeline.Outlets {
			if err := o.Sink.Close(); err != nil {
				h.log.WithError(err).WithField("sink", o.Name).Warn("can't close the sink")
			}
		}
	}
	for _, c := range slices.Backward(h.closers) {
		if err := c.Close(); err != nil {
			h.log.WithError(err).Warn("can't close")
		}
	}
}
