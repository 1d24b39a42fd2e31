package host

import (
	"slices"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/secret"
)

// Words from outside hold no secret when they leave the process: the log is cleaned by its formatter, dead letters by their store,
// and the status, metrics, health checks and reports here.

// cleanSnapshot takes secrets out of everything in s that others have said.
func cleanSnapshot(k *secret.Keeper, s *admin.Snapshot) {
	s.Figures.LastError = k.Clean(s.Figures.LastError)
	s.Figures.Rules.LastFail = k.Clean(s.Figures.Rules.LastFail)
	for name, f := range s.Figures.Streams {
		f.Failed.Text, f.LastFail = k.Clean(f.Failed.Text), k.Clean(f.LastFail)
		s.Figures.Streams[name] = f
	}
	for name, h := range s.Sinks {
		h.Err, h.Failed.Text = k.CleanError(h.Err), k.Clean(h.Failed.Text)
		s.Sinks[name] = h
	}
	for i := range s.Rules {
		s.Rules[i].Off = k.Clean(s.Rules[i].Off)
	}
	for i := range s.Certificates {
		s.Certificates[i].Subject = k.Clean(s.Certificates[i].Subject)
	}
}

// cleanReports hands reports on without secrets.
func cleanReports(k *secret.Keeper, show func(checkup.Report) error) func(checkup.Report) error {
	return func(r checkup.Report) error {
		r.Steps = slices.Clone(r.Steps)
		for i := range r.Steps {
			r.Steps[i].Says, r.Steps[i].Fix = k.Clean(r.Steps[i].Says), k.Clean(r.Steps[i].Fix)
		}
		return show(r)
	}
}
