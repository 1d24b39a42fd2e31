package admin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Problem is why a host isn't ready.
type Problem struct {
	Text  string // one line
	Stuck bool   // nothing happens at all, not even a failure
}

// maxText bounds a reason, in bytes: place, words of the service and what to do, which comes last, fit.
const maxText = 1000

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
	for _, m := range s.Modules {
		if m.BuiltIn && !m.On {
			list = append(list, Problem{Text: fmt.Sprintf("module %s: the built-in rules tag no event: %s", m.Name, m.Reason)})
		}
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
	last := f.Success
	if f.LastFail == "" {
		last = latest(last, f.Due)
		for _, held := range f.Held {
			if held.Events > 0 {
				return nil
			}
			last = latest(last, held.Since)
		}
	}
	if f.Ended || s.Now.Sub(last) <= s.Stall {
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

// sinkProblem is about a sink that fails, or doesn't confirm what it was to take.
func (s Snapshot) sinkProblem(name string, h pipeline.HealthReport) []Problem {
	if h.Err != nil && s.Now.Sub(h.Since) > s.Stall {
		return []Problem{{
			Text:  fmt.Sprintf("sink %s: takes no events since %s: %v", name, clock(h.Since), h.Err),
			Stuck: s.Now.Sub(latest(h.Last, h.Due)) > s.Stall && s.held(name) > 0,
		}}
	}
	since, events := s.Now, int64(0)
	for _, f := range s.Figures.Streams {
		if f.LastFail != "" {
			continue // what the sink confirmed can't be written down: the stream says why
		}
		held := f.Held[name]
		if h.Err != nil {
			held.Since = latest(held.Since, h.Last, h.Due)
		}
		if held.Events > 0 && s.Now.Sub(held.Since) > s.Stall {
			since, events = slices.MinFunc([]time.Time{since, held.Since}, time.Time.Compare), events+held.Events
		}
	}
	if events == 0 {
		return nil
	}
	text := fmt.Sprintf("sink %s: nothing was confirmed since %s, %d events wait for it", name, clock(since), events)
	return []Problem{{Text: text, Stuck: true}}
}

// held is how many events a sink was given and didn't confirm yet.
func (s Snapshot) held(sink string) (events int64) {
	for _, f := range s.Figures.Streams {
		events += f.Held[sink].Events
	}
	return events
}

// clock is a time as reasons show it, in UTC.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func latest(first time.Time, others ...time.Time) time.Time {
	return slices.MaxFunc(append(others, first), time.Time.Compare)
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// maxLines bounds a text of several lines: problems of some rules, each with its place and caret.
const maxLines = 40

// fewLines is oneLine for each line of a text, of which it keeps the first ones and the blanks they begin with.
func fewLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if left := len(lines) - maxLines; left > 0 {
		lines = append(lines[:maxLines], fmt.Sprintf("and %d more lines", left))
	}
	for i, line := range lines {
		lines[i] = oneLine(line)
	}
	return strings.Join(lines, "\n")
}

// oneLine cuts a text and replaces what would begin a new line or upset a terminal.
func oneLine(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		if enrich.Hidden(r) || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, text)
}
