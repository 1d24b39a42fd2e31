package pipeline

import (
	"fmt"
	"slices"
	"time"
)

// Run is a run of events of a batch, in its order, that were ingested in the same minute.
type Run struct {
	Minute time.Time // the minute's beginning, UTC
	Rows   int
}

// Tally says what became of the rows of one minute of ingestion at one sink.
type Tally struct {
	Minute    int64 `json:"m"` // minutes since 1970, UTC
	Read      int64 `json:"r"` // rows that the sink was given
	Confirmed int64 `json:"c,omitempty"`
	Dead      int64 `json:"d,omitempty"` // refused for good and written to the dead-letter file
}

// MinuteOf is the minute of ingestion that t lies in, as tallies count minutes.
func MinuteOf(t time.Time) int64 { return t.Unix() / 60 }

// Start is the beginning of the tally's minute, UTC.
func (t Tally) Start() time.Time { return time.Unix(t.Minute*60, 0).UTC() }

// AddTallies returns the sums of two lists by minute, in order. Neither list is changed.
func AddTallies(a, b []Tally) []Tally {
	if len(b) == 0 {
		return a
	}
	sum := slices.Clone(a)
	for _, t := range b {
		at, found := slices.BinarySearchFunc(sum, t.Minute, func(t Tally, m int64) int { return int(t.Minute - m) })
		if !found {
			sum = slices.Insert(sum, at, t)
			continue
		}
		s := &sum[at]
		s.Read, s.Confirmed, s.Dead = s.Read+t.Read, s.Confirmed+t.Confirmed, s.Dead+t.Dead
	}
	return sum
}

// tallies says what became of a batch by minute. A sink that confirms fewer events than it was given lacks the last ones.
func (b Batch) tallies(r Receipt) (list []Tally) {
	first, lacking := len(b.Events), max(0, len(b.Events)-r.Events-r.Dead)
	for i := len(b.Runs) - 1; i >= 0; i-- {
		run := b.Runs[i]
		t := Tally{Minute: MinuteOf(run.Minute), Read: int64(run.Rows), Confirmed: int64(run.Rows)}
		first -= run.Rows
		for _, at := range r.DeadAt {
			if at >= first && at < first+run.Rows {
				t.Dead++
				t.Confirmed--
			}
		}
		short := min(t.Confirmed, int64(lacking))
		t.Confirmed, lacking = t.Confirmed-short, lacking-int(short)
		list = AddTallies(list, []Tally{t})
	}
	return list
}

// Proof is a change of what is proven of a stream at one sink.
type Proof struct {
	Sink string
	// Forget is a stretch of whole minutes that is read again: what was proven of it doesn't count any more. Zero is none.
	Forget Window
	Add    []Tally
}

// TakeProof returns what changed of the proof since the state was cloned, and forgets it.
func (s *State) TakeProof() []Proof {
	taken := s.proof
	s.proof = nil
	return taken
}

// Tally notes the rows of w up to the mark of sink, by minute. The list replaces the one before and isn't changed later.
func (s *State) Tally(w Window, sink string, tally []Tally) error {
	at := s.find(w)
	if at < 0 {
		return fmt.Errorf("%v: %w", w, errNotOpen)
	}
	state, ok := s.Open[at].Sinks[sink]
	if !ok {
		return fmt.Errorf("%v: %w for %s", w, errNotOpen, sink)
	}
	state.Tally = tally
	s.Open[at].Sinks[sink] = state
	return nil
}

// errNotSettled says that a window can't be read again yet.
var errNotSettled = fmt.Errorf("not every window that it touches is done")

// Again plans to read w, whole minutes that sink is done with, once more for sink. What was proven of them is forgotten
// in the same update. It fails where a window isn't done yet, or was never planned for the sink.
func (s *State) Again(w Window, sink string) error {
	if !s.Settled(sink, w.From, w.To) {
		return fmt.Errorf("read %v again for %s: %w", w, sink, errNotSettled)
	}
	s.proof = append(s.proof, Proof{Sink: sink, Forget: w})
	if at := s.find(w); at >= 0 { // another sink needs it
		s.Open[at].Sinks[sink] = SinkState{}
		return nil
	}
	s.Open = append(s.Open, Progress{Window: w, Again: true, Sinks: map[string]SinkState{sink: {}}})
	return nil
}

// Settled reports whether every row that was read of [from, to) is in the proof of sink: all windows there were planned
// for it and are done.
func (s *State) Settled(sink string, from, to time.Time) bool {
	joined, known := s.Joined[sink]
	if !known || from.Before(joined) || to.After(s.Frontier) {
		return false
	}
	return !slices.ContainsFunc(s.Open, func(p Progress) bool {
		_, needs := p.Sinks[sink]
		return needs && p.Window.From.Before(to) && p.Window.To.After(from)
	})
}

// again reports whether w was done before and is read once more.
func (s *State) again(w Window) bool {
	at := s.find(w)
	return at >= 0 && s.Open[at].Again
}

// AgainLeft is how many windows one of sinks is still to get again.
func (s *State) AgainLeft(sinks []string) int { return s.needed(sinks, true) - s.needed(sinks, false) }

// share divides how far a sink is in a window among its halves, of which b is the second. Marks stay: they are places in the stream's order
// and so hold in both. But where rows of a minute that both share were tallied, nobody knows in which half they lie: both
// are read from their beginning, as are the parts of a cut by slots.
func (s SinkState) share(b Window) (first, second SinkState) {
	first, second = s, s
	first.Tally, second.Tally = nil, nil
	if b.Slots > 0 {
		return first, second
	}
	limit := MinuteOf(b.From)
	at, shared := slices.BinarySearchFunc(s.Tally, limit, func(t Tally, m int64) int { return int(t.Minute - m) })
	if shared && !b.From.Truncate(time.Minute).Equal(b.From) {
		first.Mark, second.Mark = "", ""
		return first, second
	}
	first.Tally, second.Tally = slices.Clip(s.Tally[:at]), slices.Clip(s.Tally[at:])
	return first, second
}
