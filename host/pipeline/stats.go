package pipeline

import (
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
	// Untimed is told of the first row of each stream whose time can't be read, with what stands in its place; nil means nobody
	// wants to know.
	Untimed func(stream, text string)
	told    map[string]bool // streams of which Untimed was told
}

// Figures are the counts of a run so far.
type Figures struct {
	Read       int64            // events read and tagged; a window that is read again counts again
	Tagged     int64            // of those, events that a rule matched
	Splits     int64            // windows cut in halves
	Unreadable int64            // lines of files that are no rows and went to the dead letters
	Sinks      map[string]Count // confirmed and dead-lettered by sink
	Streams    map[string]StreamFigures
	ByRule     map[string]RuleFigures // of the rules that said something
	Unjudged   map[string]int64       // events that a module as a whole could not judge, by module
	Failures   int64                  // failed reads and plans
	LastError  string
	LastTime   time.Time // of the last error
	Rules      RuleSet
}

// RuleSet says which rules are at work, and how the last try to load others went.
type RuleSet struct {
	Hash     string    // of all rule files, the context and the settings that are at work
	Loaded   time.Time // since when
	Reloads  int64     // sets that were put in the place of another
	Refused  int64     // sets that weren't taken
	LastOK   bool      // the last try was taken
	LastTry  time.Time
	LastFail string // why the last set that was refused was refused; "" after one that was taken
}

// Read counts events that were read and tagged.
func (s *Stats) Read(stream string, events []enrich.Event) {
	if s == nil {
		return
	}
	if s.Observe != nil {
		s.Observe(stream, events)
	}
	tagged, untimed := int64(risky(events)), s.untimed(stream, events)
	s.change(func(f *Figures) { f.Read += int64(len(events)); f.Tagged += tagged; f.count(events) })
	s.stream(stream, func(f *StreamFigures) {
		f.Read, f.Tagged, f.Untimed = f.Read+int64(len(events)), f.Tagged+tagged, f.Untimed+untimed
		f.Success, f.LastFail = f.Sign, ""
		if newest := newest(events); !newest.IsZero() {
			f.EventLag = f.Sign.Sub(newest)
		}
	})
}

// untimed is how many of events have no time. The first of the stream that has something else in its place is told of.
func (s *Stats) untimed(stream string, events []enrich.Event) (n int64) {
	first := ""
	for i := range events {
		if !events[i].Time.IsZero() {
			continue
		}
		if n++; first == "" {
			first = events[i].UnknownTime()
		}
	}
	if first != "" && s.Untimed != nil && s.news(stream) {
		s.Untimed(stream, first)
	}
	return n
}

// news reports whether Untimed wasn't told of the stream yet, and notes that it is.
func (s *Stats) news(stream string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[stream] {
		return false
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[stream] = true
	return true
}

// risky reports how many of events a rule matched.
func risky(events []enrich.Event) (n int) {
	for i := range events {
		if events[i].Risk.Tagged() {
			n++
		}
	}
	return n
}

// newest is the time of the newest event that has one.
func newest(events []enrich.Event) (at time.Time) {
	for i := range events {
		if events[i].Time.After(at) {
			at = events[i].Time
		}
	}
	return at
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

// RulesLoaded notes the set of rules that is at work now.
func (s *Stats) RulesLoaded(hash string) {
	s.change(func(f *Figures) {
		r := &f.Rules
		if r.Hash != "" {
			r.Reloads++
		}
		now := time.Now()
		r.Hash, r.Loaded, r.LastTry, r.LastOK, r.LastFail = hash, now, now, true, ""
	})
}

// RulesRefused notes that a set of rules wasn't taken, and why.
func (s *Stats) RulesRefused(err error) {
	s.change(func(f *Figures) {
		r := &f.Rules
		r.Refused, r.LastTry, r.LastOK, r.LastFail = r.Refused+1, time.Now(), false, err.Error()
	})
}

// Figures is a copy of the counts.
func (s *Stats) Figures() (f Figures) {
	s.change(func(now *Figures) { f = now.clone() })
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
