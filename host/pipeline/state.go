package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// State is what the ledger holds of one stream: plain data, changed only by its methods.
type State struct {
	Frontier time.Time        `json:"frontier"` // everything before it was planned
	Open     []Progress       `json:"open"`     // windows that a sink still needs, in the order of planning
	Total    map[string]Count `json:"total"`    // by sink, over all windows
	// Joined is, by sink, the beginning of the first window that was planned for it: what is older was never its.
	Joined map[string]time.Time `json:"joined,omitempty"`
	// Lost are the times that the stream left out, as their rows can't be read any more; the latest ones.
	Lost []Stretch `json:"lost,omitempty"`
	// Audited is, by how long after their end minutes are compared with the source, up to where that was done.
	Audited map[string]time.Time `json:"audited,omitempty"`
	// Unproven is the time of ingestion before which the proof was lost together with the ledger's file; zero when it wasn't.
	Unproven time.Time `json:"unproven,omitzero"`

	proof []Proof // since the state was cloned
}

// Progress is how far each sink is in an open window.
type Progress struct {
	Window Window               `json:"window"`
	Sinks  map[string]SinkState `json:"sinks"` // the sinks that still need the window
	// Again says that the window was done before and is read once more, after all others.
	Again bool `json:"again,omitempty"`
	// Level is the highest severity of the events that were read of it so far; 0 when nothing was, or nothing matched.
	Level enrich.Severity `json:"level,omitempty"`
}

// SinkState is how far one sink is in one window.
type SinkState struct {
	Mark Mark `json:"mark"`
	Count
	Tally []Tally `json:"tally,omitempty"` // of the rows up to the mark
}

// Count counts events of a sink.
type Count struct {
	Confirmed int64 `json:"confirmed"`
	Dead      int64 `json:"dead"` // refused for good and written to the dead-letter file
}

func (c Count) plus(d Count) Count { return Count{c.Confirmed + d.Confirmed, c.Dead + d.Dead} }

// Clone is a deep copy.
func (s *State) Clone() *State {
	c := &State{
		Frontier: s.Frontier, Open: slices.Clone(s.Open), Total: maps.Clone(s.Total),
		Joined: maps.Clone(s.Joined), Audited: maps.Clone(s.Audited), Lost: s.Lost, Unproven: s.Unproven,
	}
	for i := range c.Open {
		c.Open[i].Sinks = maps.Clone(c.Open[i].Sinks)
	}
	return c
}

// errNotOpen says that a window isn't among the open ones: every sink has confirmed it, or it was cut in halves meanwhile.
var errNotOpen = errors.New("the window is not open")

// Begin opens w for sinks and moves the frontier to its end. A gap between the old frontier and the beginning of w is noted in
// Lost: its rows were gone before they could be read.
func (s *State) Begin(w Window, sinks []string) {
	p := Progress{Window: w, Sinks: map[string]SinkState{}}
	for _, name := range sinks {
		p.Sinks[name] = SinkState{}
		if _, known := s.Joined[name]; !known {
			if s.Joined == nil {
				s.Joined = map[string]time.Time{}
			}
			s.Joined[name] = w.From
		}
	}
	s.Open = append(s.Open, p)
	if !s.Frontier.IsZero() && w.From.After(s.Frontier) {
		s.Lost = append(slices.Clone(s.Lost[max(0, len(s.Lost)-maxLost+1):]), Stretch{s.Frontier, w.From})
	}
	if w.To.After(s.Frontier) {
		s.Frontier = w.To
	}
}

// Stretch is a half-open stretch of ingestion time.
type Stretch struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// maxLost is how many lost stretches are remembered.
const maxLost = 20

// Advance notes that sink has confirmed n more events of w, up to mark. An empty mark leaves the sink's mark where it was. The
// error is errNotOpen.
func (s *State) Advance(w Window, sink string, mark Mark, n Count) error {
	at := s.find(w)
	if at < 0 {
		return fmt.Errorf("%v: %w", w, errNotOpen)
	}
	state, ok := s.Open[at].Sinks[sink]
	if !ok {
		return fmt.Errorf("%v: %w for %s", w, errNotOpen, sink)
	}
	if mark != "" {
		state.Mark = mark
	}
	state.Count = state.plus(n)
	s.Open[at].Sinks[sink] = state
	if s.Total == nil {
		s.Total = map[string]Count{}
	}
	s.Total[sink] = s.Total[sink].plus(n)
	return nil
}

// Done notes that sink has confirmed all of w; when it was the last one, w is removed. The sink's tally becomes part of the proof.
func (s *State) Done(w Window, sink string) {
	at := s.find(w)
	if at < 0 {
		return
	}
	if tally := s.Open[at].Sinks[sink].Tally; len(tally) > 0 {
		s.proof = append(s.proof, Proof{Sink: sink, Add: tally})
	}
	if delete(s.Open[at].Sinks, sink); len(s.Open[at].Sinks) == 0 {
		s.Open = slices.Delete(s.Open, at, at+1)
	}
}

// Cut replaces w by its two halves.
func (s *State) Cut(w Window) error {
	at := s.find(w)
	if at < 0 {
		return fmt.Errorf("%v: %w", w, errNotOpen)
	}
	a, b, err := w.Cut()
	if err != nil {
		return err
	}
	whole := s.Open[at]
	first := Progress{Window: a, Sinks: map[string]SinkState{}, Again: whole.Again, Level: whole.Level}
	second := Progress{Window: b, Sinks: map[string]SinkState{}, Again: whole.Again, Level: whole.Level}
	for name, state := range whole.Sinks {
		first.Sinks[name], second.Sinks[name] = state.share(b)
	}
	s.Open = slices.Replace(s.Open, at, at+1, first, second)
	return nil
}

// Saw notes the highest severity among events that were read of w: a sink that catches up gets windows with a higher one first.
func (s *State) Saw(w Window, level enrich.Severity) {
	if at := s.find(w); at >= 0 {
		s.Open[at].Level = max(s.Open[at].Level, level)
	}
}

// byRisk is the order in which a sink catches up: the windows with the highest severity first, oldest first among those.
func (s *State) byRisk() []Progress {
	open := slices.Clone(s.Open)
	slices.SortStableFunc(open, func(a, b Progress) int { return int(b.Level) - int(a.Level) })
	return open
}

// longest is how long windows become by merging.
const longest = 24 * time.Hour

// Merge joins neighbouring windows that the same sinks need and of which no sink has confirmed anything, so that a sink that
// is away for days leaves few windows. It leaves alone windows for which keep is true, as they are being read, and, with apart,
// doesn't join urgent windows with others, so that they can still go first. A window that proves too large is cut again.
func (s *State) Merge(keep func(Window) bool, apart bool) {
	merged := s.Open[:0:0]
	for _, p := range s.Open {
		if n := len(merged); n > 0 && !keep(p.Window) && !keep(merged[n-1].Window) && merged[n-1].joins(p) &&
			!(apart && merged[n-1].urgent() != p.urgent()) {
			merged[n-1].Window.To, merged[n-1].Level = p.Window.To, max(merged[n-1].Level, p.Level)
			continue
		}
		merged = append(merged, p)
	}
	s.Open = merged
}

// urgent reports whether somebody should see the window's events soon.
func (p Progress) urgent() bool { return p.Level >= enrich.High }

// joins reports whether q goes on where p ends, for the same sinks, and neither was begun.
func (p Progress) joins(q Progress) bool {
	if !p.Window.To.Equal(q.Window.From) || p.Window.Slots+q.Window.Slots > 0 || len(p.Sinks) != len(q.Sinks) || p.Again != q.Again ||
		q.Window.To.Sub(p.Window.From) > longest {
		return false
	}
	for name, state := range p.Sinks {
		if other, ok := q.Sinks[name]; !ok || state.begun() || other.begun() {
			return false
		}
	}
	return true
}

func (s SinkState) begun() bool { return s.Mark != "" || s.Count != (Count{}) || len(s.Tally) > 0 }

// Sink is how far sink is in w; ok is false when it has confirmed all of w.
func (s *State) Sink(w Window, sink string) (state SinkState, ok bool) {
	if at := s.find(w); at >= 0 {
		state, ok = s.Open[at].Sinks[sink]
	}
	return state, ok
}

// needed is how many open windows at least one of sinks still needs; those that are read once more count only with again.
func (s *State) needed(sinks []string, again bool) (n int) {
	for _, p := range s.Open {
		if (again || !p.Again) && slices.ContainsFunc(sinks, func(name string) bool { _, ok := p.Sinks[name]; return ok }) {
			n++
		}
	}
	return n
}

func (s *State) find(w Window) int {
	return slices.IndexFunc(s.Open, func(p Progress) bool { return p.Window.equal(w) })
}

// ConfirmedThrough is the ingestion time before which sink has confirmed every row; zero while nothing was planned. Windows
// that are read once more don't count: they were confirmed before.
func (s *State) ConfirmedThrough(sink string) time.Time {
	through := s.Frontier
	for _, p := range s.Open {
		if _, needs := p.Sinks[sink]; needs && !p.Again && p.Window.From.Before(through) {
			through = p.Window.From
		}
	}
	return through
}

// Waiting is how many windows sink still needs, those that are read once more among them.
func (s *State) Waiting(sink string) int { return s.needed([]string{sink}, true) }
