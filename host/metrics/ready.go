package metrics

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Problem is why a host isn't ready.
type Problem struct {
	Text  string // one line
	Stuck bool   // nothing happens at all, not even a failure
}

// maxText bounds a reason, in bytes.
const maxText = 300

// Problems are the reasons why the host isn't ready, none when it is.
func (s Snapshot) Problems() (list []Problem) {
	if s.Doing != "" {
		return []Problem{{Text: "the host " + s.Doing}}
	}
	for _, name := range sorted(s.Figures.Streams) {
		list = append(list, s.streamProblem(name, s.Figures.Streams[name])...)
	}
	for _, name := range sorted(s.Sinks) {
		list = append(list, s.sinkProblem(name, s.Sinks[name])...)
	}
	for i := range list {
		list[i].Text = oneLine(list[i].Text)
	}
	return list
}

// Stuck reports whether something stands still without even failing.
func (s Snapshot) Stuck() bool {
	return slices.ContainsFunc(s.Problems(), func(p Problem) bool { return p.Stuck })
}

// streamProblem is about the reading of a stream. While a sink is to be waited for, the sink is the problem.
func (s Snapshot) streamProblem(name string, f pipeline.StreamFigures) []Problem {
	last := latest(f.Success, f.Due)
	if f.LastFail != "" {
		last = f.Success
	}
	for _, moved := range f.Moved {
		if f.LastFail == "" {
			last = latest(last, moved)
		}
	}
	if f.Ended || s.Now.Sub(last) <= s.Stall || f.LastFail == "" && s.held(name) {
		return nil
	}
	if f.LastFail != "" {
		return []Problem{{
			Text:  fmt.Sprintf("stream %s: nothing was read since %s: %s", name, clock(f.Success), f.LastFail),
			Stuck: s.Now.Sub(latest(f.Sign, f.Due)) > s.Stall,
		}}
	}
	return []Problem{{Text: fmt.Sprintf("stream %s: nothing was read since %s, and nothing failed", name, clock(last)), Stuck: true}}
}

// held reports whether some sink holds a stream up.
func (s Snapshot) held(stream string) bool {
	for sink := range s.Sinks {
		if s.holds(sink, stream) > 0 {
			return true
		}
	}
	return false
}

// holds is how many windows of a stream wait for a sink that was given rows since it last confirmed some. Without rows
// it has nothing to confirm.
func (s Snapshot) holds(sink, stream string) int {
	state, f := s.States[stream], s.Figures.Streams[stream]
	if state == nil || !f.Success.After(f.Moved[sink]) {
		return 0
	}
	return state.Waiting(sink)
}

// sinkProblem is about a sink that fails, or doesn't confirm what it was to take.
func (s Snapshot) sinkProblem(name string, h pipeline.HealthReport) []Problem {
	if h.Err != nil && s.Now.Sub(h.Since) > s.Stall {
		return []Problem{{
			Text:  fmt.Sprintf("sink %s: takes no events since %s: %v", name, clock(h.Since), h.Err),
			Stuck: s.Now.Sub(latest(h.Last, h.Due)) > s.Stall && s.needs(name),
		}}
	}
	var worst *Problem
	var since time.Time
	windows := 0
	for stream := range s.States {
		f, n := s.Figures.Streams[stream], s.holds(name, stream)
		moved := f.Moved[name]
		if h.Err != nil {
			moved = latest(moved, h.Last, h.Due)
		}
		if f.LastFail != "" || n == 0 || s.Now.Sub(moved) <= s.Stall {
			continue // the stream is the problem, or there is none
		}
		if windows += n; since.IsZero() || moved.Before(since) {
			since = moved
		}
		worst = &Problem{Stuck: true}
	}
	if worst == nil {
		return nil
	}
	worst.Text = fmt.Sprintf("sink %s: nothing was confirmed since %s, %d windows wait", name, clock(since), windows)
	return []Problem{*worst}
}

// needs reports whether a window waits for a sink.
func (s Snapshot) needs(sink string) bool {
	for _, state := range s.States {
		if state.Waiting(sink) > 0 {
			return true
		}
	}
	return false
}

// clock is a time as reasons show it, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func latest(first time.Time, others ...time.Time) time.Time {
	return slices.MaxFunc(append(others, first), time.Time.Compare)
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// oneLine cuts a text and replaces what would begin a new line or upset a terminal.
func oneLine(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
