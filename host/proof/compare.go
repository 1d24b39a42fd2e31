package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// State says how a bin is.
type State string

// The states of a bin, the gravest first.
const (
	Differs State = "differs" // a sink lacks rows, or has more than the source
	Pending State = "open"    // a sink still needs a window, or the time isn't read yet
	// Unrecorded is a bin whose proof was lost together with the ledger's file: nobody knows what became of some of its rows.
	Unrecorded State = "not recorded"
	Expired    State = "expired" // older than the proof is kept
	Before     State = "before"  // older than the first window of a sink: never its
	OK         State = "ok"
)

// Bin is a stretch of ingestion time of one stream.
type Bin struct {
	Stream string             `json:"stream"`
	Table  string             `json:"table"`
	Start  time.Time          `json:"start"`
	State  State              `json:"state"`
	Rows   int64              `json:"rows"` // in the source, now
	Read   int64              `json:"read"` // by the sink that was given most
	Sinks  map[string]SinkBin `json:"sinks"`
}

// SinkBin is what became of a bin at one sink.
type SinkBin struct {
	State     State `json:"state"`
	Confirmed int64 `json:"confirmed"`
	Dead      int64 `json:"dead"`    // refused for good and written to the dead-letter file
	Open      int64 `json:"open"`    // rows that are still to be read or confirmed
	Missing   int64 `json:"missing"` // rows that nothing will send
	Surplus   int64 `json:"surplus"` // confirmed, but not in the source any more
	// Unrecorded are rows of which the ledger doesn't say what became, as it was lost.
	Unrecorded int64 `json:"unrecorded"`
}

// Check compares streams. Its parts are read only.
type Check struct {
	Sinks []string
	// Proof is what the ledger has proven, as [ledger.Ledger.Proof].
	Proof func(stream string, from, to time.Time) (map[string][]pipeline.Tally, error)
}

// Gap is a run of minutes of which sinks lack rows.
type Gap struct {
	Window pipeline.Window
	Sinks  []string
	Rows   int64 // how many the sink that lacks most lacks
	// Unrecorded gaps are no fault that is known: they are only read again when somebody asks for it.
	Unrecorded bool
}

// AskError says that a source could not be asked.
type AskError struct{ Err error }

func (e *AskError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *AskError) Unwrap() error { return e.Err }

// Compare returns the bins of [from, to) of a stream that hold anything, in order, and the gaps in them. From and to are
// cut to minutes; bin is a whole number of minutes. An *AskError says that the source can't be asked, every other error
// that the ledger can't be read.
func (c Check) Compare(ctx context.Context, s pipeline.Stream, state *pipeline.State, from, to time.Time, bin time.Duration) ([]Bin, []Gap, error) {
	from, to = from.UTC().Truncate(time.Minute), to.UTC().Truncate(time.Minute)
	// The state is older than the counts, and the counts are older than the proof: what is done in the state is counted
	// with rows that came later, and never the other way round.
	rows, err := count(ctx, s, pipeline.Window{Stream: s.Name, From: from, To: to})
	if err != nil {
		return nil, nil, &AskError{fmt.Errorf("count the rows of %s: %w", s.Name, err)}
	}
	proven, err := c.Proof(s.Name, from, to)
	if err != nil {
		return nil, nil, err
	}
	m := merge{check: c, state: state, stream: s, bin: bin, bins: map[int64]*Bin{}}
	m.all(rows, proven)
	list := make([]Bin, 0, len(m.bins))
	for _, b := range m.bins {
		list = append(list, *b)
	}
	slices.SortFunc(list, func(a, b Bin) int { return a.Start.Compare(b.Start) })
	return list, m.gaps, nil
}

// count asks in parts for what is too much for one query.
func count(ctx context.Context, s pipeline.Stream, w pipeline.Window) ([]pipeline.Run, error) {
	if !w.From.Before(w.To) {
		return nil, nil
	}
	rows, err := s.Count(ctx, w)
	if !errors.Is(err, pipeline.ErrTooLarge) || w.To.Sub(w.From) < 2*time.Minute {
		return rows, err
	}
	a, b, err := w.Cut()
	if err != nil {
		return nil, err
	}
	first, err := count(ctx, s, a)
	if err != nil {
		return nil, err
	}
	second, err := count(ctx, s, b)
	return append(first, second...), err
}

// merge puts counts and proof side by side.
type merge struct {
	check  Check
	state  *pipeline.State
	stream pipeline.Stream
	bin    time.Duration
	bins   map[int64]*Bin
	gaps   []Gap
}

func (m *merge) all(rows []pipeline.Run, proven map[string][]pipeline.Tally) {
	held, minutes := map[int64]int64{}, map[int64]bool{}
	for _, r := range rows {
		held[pipeline.MinuteOf(r.Minute)] += int64(r.Rows)
		minutes[pipeline.MinuteOf(r.Minute)] = true
	}
	tallies := map[string]map[int64]pipeline.Tally{}
	for sink, list := range proven {
		tallies[sink] = map[int64]pipeline.Tally{}
		for _, t := range list {
			tallies[sink][t.Minute] = t
			minutes[t.Minute] = true
		}
	}
	var order []int64
	for minute := range minutes {
		order = append(order, minute)
	}
	slices.Sort(order)
	for _, minute := range order {
		m.minute(minute, held[minute], tallies)
	}
}

// minute adds one minute to its bin, and to the gaps when a sink lacks rows of it.
func (m *merge) minute(minute, rows int64, tallies map[string]map[int64]pipeline.Tally) {
	start := time.Unix(minute*60, 0).UTC()
	b := m.at(start.Truncate(m.bin))
	b.Rows += rows
	var read, lacking, unrecorded int64
	var lack []string
	for _, sink := range m.check.Sinks {
		t := tallies[sink][minute]
		one := m.judge(sink, start, rows, t)
		read = max(read, t.Read)
		if lacks := one.Missing + one.Unrecorded; lacks > 0 {
			lack, lacking = append(lack, sink), max(lacking, lacks)
			unrecorded += one.Unrecorded
		}
		b.Sinks[sink] = b.Sinks[sink].plus(one)
		b.State = gravest(b.State, one.State)
	}
	b.Read += read
	if len(lack) > 0 {
		m.gap(start, lack, lacking, unrecorded > 0)
	}
}

func (m *merge) at(start time.Time) *Bin {
	b := m.bins[start.Unix()]
	if b == nil {
		b = &Bin{Stream: m.stream.Name, Table: m.stream.Table, Start: start, State: OK, Sinks: map[string]SinkBin{}}
		m.bins[start.Unix()] = b
	}
	return b
}

// judge says how one sink is with a minute of which the source has so many rows.
func (m *merge) judge(sink string, start time.Time, rows int64, t pipeline.Tally) SinkBin {
	b := SinkBin{State: OK, Confirmed: t.Confirmed, Dead: t.Dead}
	lacks := rows - t.Confirmed - t.Dead
	end := start.Add(time.Minute)
	joined, known := m.state.Joined[sink]
	switch {
	case known && start.Before(joined):
		b.State = Before
	case !m.state.Settled(sink, start, end):
		b.State, b.Open = Pending, max(0, lacks)
	case start.Before(m.state.Frontier.Add(-ledger.ProofLife + time.Hour)):
		b.State = Expired
	case lacks > 0 && start.Before(m.state.Unproven):
		b.State, b.Unrecorded = Unrecorded, lacks
	case lacks > 0:
		b.State, b.Missing = Differs, lacks
	case lacks < 0:
		b.State, b.Surplus = Differs, -lacks
	}
	return b
}

func (b SinkBin) plus(c SinkBin) SinkBin {
	return SinkBin{
		State:     gravest(b.State, c.State),
		Confirmed: b.Confirmed + c.Confirmed, Dead: b.Dead + c.Dead, Open: b.Open + c.Open,
		Missing: b.Missing + c.Missing, Surplus: b.Surplus + c.Surplus, Unrecorded: b.Unrecorded + c.Unrecorded,
	}
}

func gravest(a, b State) State {
	for _, s := range []State{Differs, Pending, Unrecorded, Expired, Before} {
		if a == s || b == s {
			return s
		}
	}
	return OK
}

// longestGap bounds how much is read again in one window.
const longestGap = time.Hour

// gap adds a minute to the gaps: to the last one, where it goes on from there for the same sinks.
func (m *merge) gap(start time.Time, sinks []string, rows int64, unrecorded bool) {
	end := start.Add(time.Minute)
	if n := len(m.gaps); n > 0 {
		last := &m.gaps[n-1]
		if last.Window.To.Equal(start) && slices.Equal(last.Sinks, sinks) && last.Unrecorded == unrecorded && end.Sub(last.Window.From) <= longestGap {
			last.Window.To = end
			last.Rows += rows
			return
		}
	}
	m.gaps = append(m.gaps, Gap{pipeline.Window{Stream: m.stream.Name, From: start, To: end}, sinks, rows, unrecorded})
}

// Plan has the gaps read again for the sinks that lack their rows, and returns how many rows these are. A minute that was
// begun meanwhile is left out, and one whose proof was lost meanwhile.
func Plan(record pipeline.Record, gaps []Gap) (rows int64, err error) {
	if len(gaps) == 0 {
		return 0, nil
	}
	err = record.Update(func(s *pipeline.State) error {
		rows = 0
		for _, g := range gaps {
			if g.Window.From.Before(s.Unproven) && !g.Unrecorded {
				continue
			}
			planned := false
			for _, sink := range g.Sinks {
				planned = s.Again(g.Window, sink) == nil || planned
			}
			if planned {
				rows += g.Rows
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("plan to read minutes again: %w", err)
	}
	return rows, nil
}
