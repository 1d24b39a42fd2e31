package admin

import (
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Status is how a host does, as `riskrelay status` shows it and GET /status on the socket answers. Times are UTC; a pointer is
// nil where there is nothing to say.
type Status struct {
	Time time.Time `json:"time"`
	// Running is false when no host answered: then all is taken from the ledger, and what only a host knows is left out.
	Running  bool           `json:"running"`
	Version  string         `json:"version,omitempty"`
	Started  *time.Time     `json:"started,omitempty"`
	Ready    bool           `json:"ready"`
	Problems []string       `json:"problems"` // why it isn't ready
	Streams  []StreamStatus `json:"streams"`
	Sinks    []SinkStatus   `json:"sinks"`
	// Abandoned are sinks that aren't configured any more though windows wait for them.
	Abandoned []Abandoned    `json:"abandoned"`
	Rules     RulesStatus    `json:"rules"`
	Modules   []ModuleStatus `json:"modules"`
	Expiring  []Certificate  `json:"certificates"`
}

// StreamStatus is how one stream does. Counts are since the host's start, and a window that is read again counts again.
type StreamStatus struct {
	Name         string     `json:"stream"`
	Read         int64      `json:"rows_read"`
	Tagged       int64      `json:"rows_tagged"`
	Frontier     *time.Time `json:"frontier,omitempty"`              // all before it, in ingestion time, was planned
	IngestionLag *float64   `json:"ingestion_lag_seconds,omitempty"` // how old the frontier is
	EventLag     *float64   `json:"event_lag_seconds,omitempty"`     // how old the newest event was when it was read
	LastSuccess  *time.Time `json:"last_success,omitempty"`
	LastError    *Failure   `json:"last_error,omitempty"`
	Failing      bool       `json:"failing"` // the last try was the last error
	Ended        bool       `json:"ended"`
	// Lost are the times whose rows the workspace had deleted before they were read.
	Lost  []pipeline.Stretch `json:"lost,omitempty"`
	Sinks []Flow             `json:"sinks"`
}

// Flow is what became of a stream's rows on the way to one sink. Since the host's start, In is the sum of Confirmed, Dead
// and Open at any moment.
type Flow struct {
	Sink      string `json:"sink"`
	In        int64  `json:"rows_in"`
	Confirmed int64  `json:"confirmed"`
	Dead      int64  `json:"dead_lettered"`
	Open      int64  `json:"open"`
	// Total counts since the ledger began.
	Total   pipeline.Count `json:"total"`
	Windows int            `json:"open_windows"`                    // that the sink still needs
	Through *time.Time     `json:"confirmed_through,omitempty"`     // all before it, in ingestion time, is confirmed
	Lag     *float64       `json:"ingestion_lag_seconds,omitempty"` // how old Through is
}

// SinkStatus is how one sink does.
type SinkStatus struct {
	Name        string           `json:"sink"`
	Promise     pipeline.Promise `json:"promise,omitempty"` // what a confirmation is worth
	Up          bool             `json:"up"`                // the last Send worked, or there was none
	LastSuccess *time.Time       `json:"last_success,omitempty"`
	LastError   *Failure         `json:"last_error,omitempty"`
	DownSince   *time.Time       `json:"down_since,omitempty"`
	NextTry     *time.Time       `json:"next_try,omitempty"` // only while it is down; in the past while a try is under way
	Failures    int64            `json:"send_failures"`
	Confirmed   int64            `json:"confirmed"`
	Dead        int64            `json:"dead_lettered"` // since the host's start
	Letters     int              `json:"dead_letters"`  // that wait for `riskrelay deadletter`
	LetterBytes int64            `json:"dead_letter_bytes"`
}

// RulesStatus says which rules are at work.
type RulesStatus struct {
	On       int        `json:"on"`
	Off      []OffRule  `json:"off"`
	Hash     string     `json:"hash,omitempty"`
	Loaded   *time.Time `json:"loaded,omitempty"`
	Reloads  int64      `json:"reloads"`
	Refused  int64      `json:"refused"`
	LastFail string     `json:"last_reload_error,omitempty"` // why the last set was refused, lines with places and carets; older rules are at work
}

// OffRule is a rule that doesn't run.
type OffRule struct {
	ID      string `json:"id"`
	Reason  string `json:"reason"`
	Tripped bool   `json:"tripped"` // it ran, and took too long again and again
}

// ModuleStatus is how one rule module does.
type ModuleStatus struct {
	Name     string     `json:"module"`
	Rules    int        `json:"rules"`
	On       bool       `json:"on"`               // it is asked about events; otherwise they go out with the reason in risk.errors
	Reason   string     `json:"reason,omitempty"` // why it is off; of one that is on, why its last call failed
	Open     bool       `json:"breaker_open"`     // it failed again and again, and is tried from time to time
	NextTry  *time.Time `json:"next_try,omitempty"`
	Restarts int        `json:"restarts"`
	Timeouts int64      `json:"timeouts"` // calls without an answer in time
	Unjudged int64      `json:"unjudged_events"`
	Refused  int64      `json:"refused_tags"`       // what it said in the name of another module
	LeftOut  int64      `json:"log_lines_left_out"` // of what it wrote, as it was too much
	// BuiltIn says that the module has the built-in rules, without which a host isn't ready.
	BuiltIn bool `json:"-"`
}

// Failure is what went wrong, and when.
type Failure struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// Summarize is the status of a running host. Promises are those of the sinks by name; dead letters are not counted here.
func Summarize(s Snapshot, build Build, promises map[string]pipeline.Promise) Status {
	out := Status{
		Time: s.Now.UTC(), Running: true, Version: build.Version, Started: when(s.Started), Problems: []string{},
		Streams: []StreamStatus{}, Sinks: []SinkStatus{}, Abandoned: abandoned(s.States, sorted(s.Sinks)), Rules: s.rules(), Modules: []ModuleStatus{}, Expiring: s.Certificates,
	}
	for _, p := range s.Problems() {
		out.Problems = append(out.Problems, p.Text)
	}
	out.Ready = len(out.Problems) == 0
	for _, name := range sorted(s.Figures.Streams) {
		out.Streams = append(out.Streams, s.stream(name))
	}
	for _, name := range sorted(s.Sinks) {
		one := sinkStatus(name, s.Sinks[name], s.Figures.Sinks[name])
		one.Promise = promises[name]
		out.Sinks = append(out.Sinks, one)
	}
	for _, m := range s.Modules {
		m.Restarts, m.Unjudged = s.Restarts[m.Name], s.Figures.Unjudged[m.Name]
		m.Reason = oneLine(m.Reason)
		out.Modules = append(out.Modules, m)
	}
	if out.Expiring == nil {
		out.Expiring = []Certificate{}
	}
	return out
}

func (s Snapshot) stream(name string) StreamStatus {
	f := s.Figures.Streams[name]
	out := StreamStatus{
		Name: name, Read: f.Read, Tagged: f.Tagged, LastSuccess: when(f.Success), LastError: failure(f.Failed),
		Failing: f.LastFail != "", Ended: f.Ended, Sinks: []Flow{},
	}
	if f.EventLag != 0 {
		lag := max(0, f.EventLag.Seconds())
		out.EventLag = &lag
	}
	state := s.States[name]
	if state == nil {
		state = new(pipeline.State)
	}
	frontier := ingested(name, state.Frontier)
	out.Frontier, out.IngestionLag, out.Lost = when(frontier), age(s.Now, frontier), state.Lost
	for _, sink := range sorted(s.Sinks) {
		h := f.Held[sink]
		flow := flowOf(name, sink, state, s.Now)
		flow.In, flow.Confirmed, flow.Dead, flow.Open = h.In, h.Confirmed, h.Dead, h.Events
		out.Sinks = append(out.Sinks, flow)
	}
	return out
}

// flowOf is what the ledger says of a stream and a sink.
func flowOf(stream, sink string, state *pipeline.State, now time.Time) Flow {
	through := ingested(stream, state.ConfirmedThrough(sink))
	return Flow{Sink: sink, Total: state.Total[sink], Windows: state.Waiting(sink), Through: when(through), Lag: age(now, through)}
}

func sinkStatus(name string, h pipeline.HealthReport, n pipeline.Count) SinkStatus {
	out := SinkStatus{
		Name: name, Up: h.Err == nil, LastSuccess: when(h.Success), LastError: failure(h.Failed), Failures: h.Failures,
		Confirmed: n.Confirmed, Dead: n.Dead,
	}
	if h.Err != nil {
		out.DownSince, out.NextTry = when(h.Since), when(h.Due)
	}
	return out
}

func (s Snapshot) rules() RulesStatus {
	r := s.Figures.Rules
	out := RulesStatus{
		Off: []OffRule{}, Hash: r.Hash, Loaded: when(r.Loaded), Reloads: r.Reloads, Refused: r.Refused, LastFail: fewLines(r.LastFail),
	}
	for i := range s.Rules {
		if one := &s.Rules[i]; one.Off == "" {
			out.On++
		} else {
			out.Off = append(out.Off, OffRule{ID: one.ID, Reason: oneLine(one.Off), Tripped: slices.Contains(s.Tripped, one.ID)})
		}
	}
	return out
}

// FromLedger is what the ledger says while no host runs.
func FromLedger(now time.Time, states map[string]*pipeline.State, promises map[string]pipeline.Promise) Status {
	out := Status{
		Time: now.UTC(), Problems: []string{}, Streams: []StreamStatus{}, Sinks: []SinkStatus{}, Abandoned: abandoned(states, sorted(promises)), Modules: []ModuleStatus{},
		Rules: RulesStatus{Off: []OffRule{}}, Expiring: []Certificate{},
	}
	for _, name := range sorted(states) {
		state := states[name]
		frontier := ingested(name, state.Frontier)
		one := StreamStatus{Name: name, Frontier: when(frontier), IngestionLag: age(now, frontier), Lost: state.Lost, Sinks: []Flow{}}
		for _, sink := range sorted(promises) {
			one.Sinks = append(one.Sinks, flowOf(name, sink, state, now))
		}
		out.Streams = append(out.Streams, one)
	}
	for _, sink := range sorted(promises) {
		out.Sinks = append(out.Sinks, SinkStatus{Name: sink, Promise: promises[sink]})
	}
	return out
}

// ingested is a time in the ledger's record of the stream; zero where that isn't one of ingestion.
func ingested(stream string, t time.Time) time.Time {
	if !pipeline.StreamNamed(stream).Kind.Timed() {
		return time.Time{}
	}
	return t
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func age(now, t time.Time) *float64 {
	if t.IsZero() {
		return nil
	}
	seconds := lag(now, t)
	return &seconds
}

// lag is how many seconds t lies back. Ingestion times are the service's: by a clock of this machine that is slow they may lie ahead,
// and nothing is read before it is there.
func lag(now, t time.Time) float64 { return max(0, now.Sub(t).Seconds()) }

func failure(f pipeline.Failure) *Failure {
	if f.Text == "" {
		return nil
	}
	return &Failure{oneLine(f.Text), f.At.UTC()}
}
