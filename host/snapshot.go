package host

import (
	"context"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// listen opens the endpoint for metrics and health checks, if there is to be one.
func (h *Host) listen(ctx context.Context, o Options) error {
	if h.config.Metrics.Listen == "" {
		return nil
	}
	server, err := admin.Listen(ctx, h.config.Metrics.Listen, h.config.Metrics.Hosts, o.Build, h.snapshot)
	if err != nil {
		return err
	}
	h.closers = append(h.closers, server)
	log := h.log.WithField("address", server.Address())
	if h.config.Metrics.Open() {
		log.Warn("metrics and health checks can be read by everybody who reaches the address")
	} else {
		log.Info("metrics and health checks can be read")
	}
	return nil
}

// does notes what the host is doing before it reads the first row, for `riskrelay status` and /readyz; "" says that it reads rows.
func (h *Host) does(what string) { h.doing.Store(&what) }

// snapshot collects the figures and states that metrics, health checks, `riskrelay status` and the service manager are made from.
// Any goroutine may call it once does was called for the first time. While the host is being put together there is little in it.
func (h *Host) snapshot() admin.Snapshot {
	s := admin.Snapshot{Now: time.Now(), Started: h.started, Doing: *h.doing.Load(), Stall: h.config.Metrics.StalledAfter}
	if s.Doing == starting {
		return s // the parts aren't there yet
	}
	s.Figures, s.States = h.pipeline.Stats.Figures(), h.pipeline.States()
	for _, stream := range h.pipeline.Streams {
		if state := s.States[stream.Name]; state != nil && (stream.Kind == pipeline.FollowUps || stream.Kind == pipeline.Summaries) {
			state.Frontier = s.Now // the host's own streams are looked at all the time: without events they aren't late, but idle
		}
		f, runs := s.Figures.Streams[stream.Name]
		if !runs {
			continue
		}
		if source, ok := stream.Source.(remarker); ok {
			f.Mended, f.Changed = source.Remarks()
		}
		if stream.Volatile {
			f.Ended = true // whoever writes to a pipe may be silent for as long as he likes
			delete(s.States, stream.Name)
		}
		s.Figures.Streams[stream.Name] = f
	}
	s.Sinks = map[string]pipeline.HealthReport{}
	for _, o := range h.pipeline.Outlets {
		s.Sinks[o.Name] = o.Health.Report()
	}
	s.Certificates = h.certificates()
	h.modules.snapshot(&s)
	if h.followUps != nil {
		s.Lookups = lookups(h.modules.dns.Figures(), h.followUps.Figures())
	}
	cleanSnapshot(h.config.Secrets, &s)
	return s
}

// remarker is a source that counts what is strange about its rows.
type remarker interface {
	// Remarks returns how many rows had text that isn't UTF-8, and how often columns came, went or changed their type, since the start.
	Remarks() (mended, changed int64)
}

// starting is what a host is doing until [New] has put all its parts together.
const starting = "loads rules and starts modules"

// snapshot adds to s the rules, the state of each module, and the rules that were switched off while they ran.
func (m *modules) snapshot(s *admin.Snapshot) {
	ctx := context.Background() // nobody is asked: modules keep what they said of themselves
	ran := m.ran.Load()
	if cel, ok := m.cel.(*celrule.Module); ok {
		s.Missing = cel.MissingFields()
	}
	known := map[string]bool{}
	for _, module := range m.all() {
		about, err := module.Describe(ctx)
		if err != nil {
			continue
		}
		for _, r := range about.Rules {
			if !known[r.ID] { // where two modules have a rule of this id, that of the module asked earlier counts
				known[r.ID] = true
				s.Rules = append(s.Rules, r)
			}
		}
		s.Modules = append(s.Modules, m.moduleStatus(about))
		for i := range about.Rules {
			if r := &about.Rules[i]; module == m.cel && r.Off != "" && ran != nil && (*ran)[r.ID] {
				s.Tripped = append(s.Tripped, r.ID)
			}
		}
	}
	s.Restarts = map[string]int{}
	for name, process := range m.processes {
		s.Restarts[name] = process.Restarts()
	}
}

// moduleStatus returns how a module does; about is what it says of itself. One without a process is always on.
func (m *modules) moduleStatus(about enrich.Description) admin.ModuleStatus {
	s := admin.ModuleStatus{Name: about.Name, Rules: len(about.Rules), On: true, Refused: m.voices.count(about.Name)}
	process := m.processes[about.Name]
	if process == nil {
		return s // a part of the host
	}
	h := process.Health()
	s.On, s.Reason, s.Open, s.Timeouts, s.LeftOut = h.On, h.Reason, h.Open, h.Timeouts, h.LeftOut
	s.BuiltIn = enrich.Module(process) == m.cel
	if !h.Next.IsZero() {
		next := h.Next.UTC()
		s.NextTry = &next
	}
	return s
}

// all are the modules in the order in which they are asked.
func (m *modules) all() []enrich.Module {
	all := []enrich.Module{m.cel}
	for _, name := range m.order {
		all = append(all, enrich.Guest{Module: m.others[name], Name: name})
	}
	if m.dns != nil {
		all = append(all, m.dns) // after those whose tags it takes note of
	}
	return all
}

// noteRunning notes which rules are on right after they were loaded. A rule among them that is off later has tripped: it was
// switched off for taking too long.
func (m *modules) noteRunning(ctx context.Context) {
	about, err := m.cel.Describe(ctx)
	if err != nil {
		return // only metrics lack it
	}
	ran := map[string]bool{}
	for i := range about.Rules {
		if about.Rules[i].Off == "" {
			ran[about.Rules[i].ID] = true
		}
	}
	m.ran.Store(&ran)
}
