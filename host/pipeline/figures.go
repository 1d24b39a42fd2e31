package pipeline

import (
	"maps"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// StreamFigures are the counts and signs of life of one stream.
type StreamFigures struct {
	Read     int64 // events read and tagged; a window that is read again counts again
	Tagged   int64 // of those, events that a rule matched
	Failures int64 // failed plans, reads and writes of the ledger
	// EventLag is how old the newest event of the last batch was when it was read.
	EventLag time.Duration
	Success  time.Time       // when rows were last read, or there were none to read
	Sign     time.Time       // when something last happened, be it a failure
	Due      time.Time       // nothing happens before: the stream waits
	LastFail string          // why the last try failed; "" after one that didn't
	Failed   Failure         // the last failure, also after a try that worked
	Ended    bool            // nothing will follow
	Held     map[string]Held // by sink
	Mended   int64           // rows with text that isn't UTF-8, for which U+FFFD stands
	Changed  int64           // changes of the columns
	Untimed  int64           // rows of which nobody knows when they happened
	Late     int64           // rows that came behind the window of their minute, and were read again
}

// Failure is what went wrong, and when; the zero value is none.
type Failure struct {
	Text string
	At   time.Time
}

// Held is what a sink was given of a stream and didn't confirm yet, and what became of the rest. At any moment In is the sum
// of Events, Confirmed and Dead; each is counted where it happens.
type Held struct {
	Events int64
	Since  time.Time // when it was last given some or confirmed some
	In     int64     // events that were given; those it let go of, which are read again, don't count
	Count            // since the start
}

// RuleFigures count what one rule said of events; one that is read again counts again.
type RuleFigures struct {
	Matches    int64
	Suppressed int64 // matches that an exception silenced
	Errors     int64 // events that the rule could not judge
}

// maxRuleFigures bounds how many rules are counted, as modules choose the names; the rest counts under the name "".
const maxRuleFigures = 100_000

// Hold notes that a sink was given events of a stream, or, with less than none, that it let go of them.
func (s *Stats) Hold(stream, sink string, events int) {
	s.stream(stream, func(f *StreamFigures) {
		h := f.Held[sink]
		h.Events, h.In, h.Since = h.Events+int64(events), h.In+int64(events), f.Sign
		f.Held[sink] = h
	})
}

// Settled notes that a sink confirmed or refused for good so many events of a stream that it held: n says what it said of
// them.
func (s *Stats) Settled(stream, sink string, events int, n Count) {
	s.change(func(all *Figures) {
		if all.Sinks == nil {
			all.Sinks = map[string]Count{}
		}
		all.Sinks[sink] = all.Sinks[sink].plus(n)
		f := all.stream(stream)
		h := f.Held[sink]
		h.Events, h.Count, h.Since = h.Events-int64(events), h.plus(n), f.Sign
		f.Held[sink] = h
		all.Streams[stream] = f
	})
}

// CameLate counts rows that came behind the window of their minute.
func (s *Stats) CameLate(stream string, rows int64) {
	s.change(func(f *Figures) {
		if one, known := f.Streams[stream]; known {
			one.Late += rows
			f.Streams[stream] = one
		}
	})
}

// Idle notes that a stream had nothing to read and asks again after wait.
func (s *Stats) Idle(stream string, wait time.Duration) {
	s.stream(stream, func(f *StreamFigures) {
		f.Success, f.Due, f.LastFail = f.Sign, f.Sign.Add(wait), ""
	})
}

// Rests notes that a stream waits before it goes on.
func (s *Stats) Rests(stream string, wait time.Duration) {
	s.stream(stream, func(f *StreamFigures) { f.Due = f.Sign.Add(wait) })
}

// Whole notes that a window of a stream was read to its end.
func (s *Stats) Whole(stream string) {
	s.stream(stream, func(f *StreamFigures) { f.Success, f.LastFail = f.Sign, "" })
}

// StreamFailed counts a failure of one stream.
func (s *Stats) StreamFailed(stream, doing string, err error) {
	s.stream(stream, func(f *StreamFigures) {
		f.Failures++
		f.LastFail = doing + ": " + err.Error()
		f.Failed = Failure{f.LastFail, f.Sign}
	})
}

// Ended notes that nothing will follow from a stream.
func (s *Stats) Ended(stream string) { s.stream(stream, func(f *StreamFigures) { f.Ended = true }) }

// stream changes the figures of one stream, which shows a sign of life.
func (s *Stats) stream(name string, do func(*StreamFigures)) {
	s.change(func(all *Figures) {
		f := all.stream(name)
		do(&f)
		all.Streams[name] = f
	})
}

// stream are the figures of one stream, which shows a sign of life.
func (f *Figures) stream(name string) StreamFigures {
	if f.Streams == nil {
		f.Streams = map[string]StreamFigures{}
	}
	one, known := f.Streams[name]
	one.Sign = time.Now()
	if !known {
		one.Success, one.Held = one.Sign, map[string]Held{}
	}
	return one
}

// count adds what was said of events to the figures.
func (f *Figures) count(events []enrich.Event) {
	for i := range events {
		risk := &events[i].Risk
		for j := range risk.Rules {
			f.rule(risk.Rules[j].ID, func(r *RuleFigures) { r.Matches++ })
		}
		for j := range risk.Suppressed {
			f.rule(risk.Suppressed[j].ID, func(r *RuleFigures) { r.Suppressed++ })
		}
		for _, failure := range risk.Errors {
			if failure.Rule != "" {
				f.rule(failure.Rule, func(r *RuleFigures) { r.Errors++ })
			} else {
				f.module(failure.Module)
			}
		}
	}
}

func (f *Figures) rule(id string, do func(*RuleFigures)) {
	if f.ByRule == nil {
		f.ByRule = map[string]RuleFigures{}
	}
	if _, known := f.ByRule[id]; !known && len(f.ByRule) >= maxRuleFigures {
		id = ""
	}
	r := f.ByRule[id]
	do(&r)
	f.ByRule[id] = r
}

func (f *Figures) module(name string) {
	if f.Unjudged == nil {
		f.Unjudged = map[string]int64{}
	}
	f.Unjudged[name]++
}

// clone is a deep copy.
func (f Figures) clone() Figures {
	f.Sinks, f.ByRule, f.Unjudged = maps.Clone(f.Sinks), maps.Clone(f.ByRule), maps.Clone(f.Unjudged)
	f.Streams = maps.Clone(f.Streams)
	for name, one := range f.Streams {
		one.Held = maps.Clone(one.Held)
		f.Streams[name] = one
	}
	return f
}
