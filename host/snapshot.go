package host

import (
	"context"
	"time"

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
	s.Figures, s.States = h.stats.Figures(), h.pipeline.States()
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
	h.modules.Snapshot(&s)
	cleanSnapshot(h.config.Secrets, &s)
	return s
}

// remarker is a source that counts what is strange about its rows.
type remarker interface {
	// Remarks returns how many rows had text that isn't UTF-8, and how often columns came, went or changed their type, since the start.
	Remarks() (mended, changed int64)
}
