package pipeline

import (
	"maps"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Stats counts what a pipeline does. Its methods may be called at the same time; a nil Stats counts nothing.
type Stats struct {
	mu    sync.Mutex
	state Figures
	// Observe is told of each batch that was read and tagged, before it is sent; nil means nobody wants to know.
	Observe func(stream string, events []enrich.Event)
}

// Figures are the counts of a run so far.
type Figures struct {
	Read       int64            // events read and tagged; a window that is read again counts again
	Tagged     int64            // of those, events that a rule matched
	Splits     int64            // windows cut in halves
	Unreadable int64            // lines of files that are no rows and went to the dead letters
	Sinks      map[string]Count // confirmed and dead-lettered by sink
	Failures   int64            // failed reads and plans
	LastError  string
	LastTime   time.Time // of the last error
}

// Read counts events that were read and tagged.
func (s *Stats) Read(stream string, events []enrich.Event) {
	if s == nil {
		return
	}
	if s.Observe != nil {
		s.Observe(stream, events)
	}
	tagged := risky(events)
	s.change(func(f *Figures) { f.Read += int64(len(events)); f.Tagged += int64(tagged) })
}

// Confirmed counts what a sink confirmed.
func (s *Stats) Confirmed(sink string, n Count) {
	s.change(func(f *Figures) {
		if f.Sinks == nil {
			f.Sinks = map[string]Count{}
		}
		f.Sinks[sink] = f.Sinks[sink].plus(n)
	})
}

// Unreadable counts a line that is no row and returns how many there were.
func (s *Stats) Unreadable() (n int64) {
	s.change(func(f *Figures) { f.Unreadable++; n = f.Unreadable })
	return n
}

// Split counts a window that was cut.
func (s *Stats) Split() { s.change(func(f *Figures) { f.Splits++ }) }

// Failed counts a failure.
func (s *Stats) Failed(doing string, err error) {
	s.change(func(f *Figures) {
		f.Failures++
		f.LastError, f.LastTime = doing+": "+err.Error(), time.Now()
	})
}

// Figures is a copy of the counts.
func (s *Stats) Figures() (f Figures) {
	s.change(func(now *Figures) { f = *now; f.Sinks = maps.Clone(now.Sinks) })
	return f
}

func (s *Stats) change(do func(*Figures)) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.state)
}
