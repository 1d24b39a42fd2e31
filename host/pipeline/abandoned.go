package pipeline

import (
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// Backlog is what a sink that isn't there still needs.
type Backlog struct {
	Windows int
	Oldest  time.Time // the beginning of the oldest window; zero where windows have no times
}

// Abandoned is, by sink that isn't one of names, what still waits for it.
func (s *State) Abandoned(names []string) map[string]Backlog {
	all := map[string]Backlog{}
	for _, p := range s.Open {
		for name := range p.Sinks {
			if slices.Contains(names, name) {
				continue
			}
			b := all[name]
			if b.Windows++; b.Windows == 1 || p.Window.From.Before(b.Oldest) {
				b.Oldest = p.Window.From
			}
			all[name] = b
		}
	}
	return all
}

// Forget gives up what waits for sink. Should it come back, it begins with the first window that is planned then.
func (s *State) Forget(sink string) {
	open := s.Open[:0:0]
	for _, p := range s.Open {
		if delete(p.Sinks, sink); len(p.Sinks) > 0 {
			open = append(open, p)
		}
	}
	s.Open = open
	delete(s.Joined, sink)
}

// abandoned gives up what waits for sinks that are to be forgotten, and warns about others that aren't configured any more. Should
// those come back, their windows are still there.
func (f *follower) abandoned() error {
	for name, b := range f.record.State().Abandoned(f.outletNames()) {
		log := f.Log.WithFields(logrus.Fields{"stream": f.stream.Name, "sink": name, "windows": b.Windows})
		if !slices.Contains(f.Pipeline.Forget, name) {
			log.Warn("the sink isn't configured any more, but windows are still open for it, of which it has not got every event: put it " +
				"back under this name, or name it in sinks.forget to give them up")
			continue
		}
		if err := f.update(func(s *State) error { s.Forget(name); return nil }); err != nil {
			return err
		}
		log.Warn("windows that were still open for the sink are given up, as sinks.forget says")
	}
	return nil
}
