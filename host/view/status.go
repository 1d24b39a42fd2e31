package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// The widths of a page that fits 100 columns.
const (
	pageWidth   = 100
	streamWidth = 31
	sinkWidth   = 12
)

// statusText is a status for people.
type statusText struct {
	strings.Builder
	admin.Status
}

// Status is a host's status for people, on lines of at most 100 columns.
func Status(s admin.Status) string {
	p := &statusText{Status: s}
	p.head()
	p.streams()
	p.flows()
	p.sinks()
	p.rules()
	p.certificates()
	return p.String()
}

func (p *statusText) line(format string, args ...any) { fmt.Fprintf(&p.Builder, format+"\n", args...) }

// table writes a table below an empty line.
func (p *statusText) table(rows [][]string) {
	p.line("")
	p.WriteString(table(rows))
}

func (p *statusText) head() {
	switch {
	case !p.Running:
		p.line("no host runs with this configuration: this is what the ledger says")
		return
	case p.Ready:
		p.line("%s is ready", strings.TrimSpace("riskrelay "+p.Version))
	default:
		p.line("%s is NOT ready", strings.TrimSpace("riskrelay "+p.Version))
	}
	if p.Started != nil {
		p.line("runs for %s, since %s", span(p.Time.Sub(*p.Started).Seconds()), p.Started.Format(time.RFC3339))
	}
	for _, problem := range p.Problems {
		p.wrapped("problem: ", problem)
	}
}

// wrapped writes a text in lines of the page's width, those behind the first indented.
func (p *statusText) wrapped(before, text string) {
	p.WriteString(wrap(before, "    ", text, pageWidth))
}

func (p *statusText) streams() {
	if len(p.Streams) == 0 {
		return
	}
	rows := [][]string{{"STREAM", "READ", "TAGGED", "EVENT LAG", "FRONTIER (UTC)", "LAST SUCCESS"}}
	for _, s := range p.Streams {
		success := p.ago(s.LastSuccess)
		if s.Ended {
			success = "ended"
		}
		read, tagged := number(s.Read), number(s.Tagged)
		if !p.Running { // the ledger knows what became of rows, and no more
			read, tagged = number(arrived(s)), "-"
		}
		rows = append(rows, []string{p.streamName(s.Name), read, tagged, lag(s.EventLag), clock(s.Frontier), success})
	}
	p.table(rows)
	p.streamErrors()
	for _, s := range p.Streams {
		for _, lost := range s.Lost {
			p.wrapped("  ", fmt.Sprintf("%s: the workspace had deleted what was ingested from %s to %s before it was read",
				p.streamName(s.Name), lost.From.UTC().Format(time.RFC3339), lost.To.UTC().Format(time.RFC3339)))
		}
	}
}

// arrived is how many rows of the stream one sink at least confirmed, or refused for good, since the ledger began.
func arrived(s admin.StreamStatus) (rows int64) {
	for _, f := range s.Sinks {
		rows = max(rows, f.Total.Confirmed+f.Total.Dead)
	}
	return rows
}

// streamErrors writes the last errors of streams, one for all that have the same: when a workspace can't be asked, every table fails.
func (p *statusText) streamErrors() {
	type failed struct {
		text    string
		failing bool
	}
	names, newest := map[failed][]string{}, map[failed]*admin.Failure{}
	var order []failed
	for _, s := range p.Streams {
		if s.LastError == nil {
			continue
		}
		key := failed{s.LastError.Text, s.Failing}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], p.streamName(s.Name))
		if newest[key] == nil || s.LastError.At.After(newest[key].At) {
			newest[key] = s.LastError
		}
	}
	for _, key := range order {
		of := names[key][0]
		if more := len(names[key]) - 1; more > 0 {
			of += " and " + diag.Count(more, "more stream")
		}
		p.lastError(of, newest[key], key.failing, nil)
	}
}

// lastError writes the last error of a stream or sink, whether it is over, and when the next try is, where that is known.
func (p *statusText) lastError(of string, f *admin.Failure, now bool, next *time.Time) {
	if f == nil {
		return
	}
	state := ""
	switch {
	case !now:
		state = ", over"
	case next != nil && next.After(p.Time):
		state = ", next try in " + span(next.Sub(p.Time).Seconds())
	case next != nil:
		state = ", next try now"
	}
	p.wrapped("  ", fmt.Sprintf("last error of %s (%s%s): %s", of, p.ago(&f.At), state, f.Text))
}

func (p *statusText) flows() {
	rows := [][]string{{"STREAM", "SINK", "IN", "CONFIRMED", "DEAD", "OPEN", "WINDOWS", "LAG"}}
	for _, s := range p.Streams {
		for _, f := range s.Sinks {
			in, confirmed, dead, open := number(f.In), number(f.Confirmed), number(f.Dead), number(f.Open)
			if !p.Running {
				in, confirmed, dead, open = "-", number(f.Total.Confirmed), number(f.Total.Dead), "-"
			}
			rows = append(rows, []string{
				p.streamName(s.Name), short(f.Sink, sinkWidth), in, confirmed, dead, open, strconv.Itoa(f.Windows), lag(f.Lag),
			})
		}
	}
	if len(rows) > 1 {
		p.table(rows)
	}
}

func (p *statusText) sinks() {
	rows := [][]string{{"SINK", "PROMISE", "STATE", "LAST SUCCESS", "DEAD LETTERS"}}
	for _, s := range p.Sinks {
		state := "up"
		switch {
		case !p.Running:
			state = "-"
		case !s.Up:
			state = "DOWN, " + p.ago(s.DownSince)
		}
		rows = append(rows, []string{short(s.Name, streamWidth), or(string(s.Promise)), state, p.ago(s.LastSuccess), strconv.Itoa(s.Letters)})
	}
	p.table(rows)
	for _, s := range p.Sinks {
		p.lastError(s.Name, s.LastError, !s.Up, s.NextTry)
	}
	for _, a := range p.Abandoned {
		p.wrapped("  ", Abandoned(a))
	}
}

// Abandoned says what to do about a sink that is gone while windows wait for it.
func Abandoned(a admin.Abandoned) string {
	since := ""
	if a.Oldest != nil {
		since = ", the oldest of " + a.Oldest.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("the sink %s isn't configured any more, but has not got every event of %s%s: put it back under this name, or name it in sinks.forget to give them up",
		a.Sink, diag.Count(a.Windows, "window"), since)
}

// shownOff is how many rules that are off are listed.
const shownOff = 15

func (p *statusText) rules() {
	r := p.Rules
	if !p.Running {
		return
	}
	p.line("")
	loaded := ""
	if r.Loaded != nil {
		loaded = ", loaded " + p.ago(r.Loaded) + ", hash " + short(r.Hash, 12)
	}
	p.line("%s on, %d off%s", diag.Count(r.On, "rule"), len(r.Off), loaded)
	if r.Reloads+r.Refused > 0 {
		p.line("  loaded again %s, refused %s", times(r.Reloads), times(r.Refused))
	}
	if r.LastFail != "" {
		p.line("  the last set was refused, older rules are at work:")
		for line := range strings.SplitSeq(r.LastFail, "\n") {
			p.line("    %s", shortEnd(line, pageWidth-4))
		}
	}
	for i, off := range r.Off {
		if i == shownOff {
			p.line("  and %d more: see `riskrelay rules list`", len(r.Off)-i)
			break
		}
		p.line("  %s", short("off: "+off.ID+": "+strings.Join(strings.Fields(off.Reason), " "), pageWidth-2))
	}
	for _, m := range p.Modules {
		p.module(m)
	}
}

// module writes how a module does, and what is wrong with it.
func (p *statusText) module(m admin.ModuleStatus) {
	p.line("  module %s: %s, %s, %s unjudged", short(m.Name, streamWidth), diag.Count(m.Rules, "rule"),
		diag.Count(m.Restarts, "restart"), number(m.Unjudged))
	switch {
	case m.On && m.Reason != "":
		p.wrapped("    ", "its last call failed: "+m.Reason)
	case m.NextTry != nil && m.NextTry.After(p.Time):
		p.wrapped("    ", "off, next try in "+span(m.NextTry.Sub(p.Time).Seconds())+": "+m.Reason)
	case !m.On:
		p.wrapped("    ", "off: "+m.Reason)
	}
	if m.Timeouts > 0 {
		p.line("    no answer in time: %s", diag.Count(int(m.Timeouts), "call"))
	}
	if m.Refused > 0 {
		p.line("    refused, as it spoke in the name of another module: %s", diag.Count(int(m.Refused), "tag"))
	}
}

func (p *statusText) certificates() {
	for _, c := range p.Expiring {
		left := c.Expires.Sub(p.Time)
		p.line("%s", short(fmt.Sprintf("%s certificate of %s (%s) ends %s, in %s", c.Whose, c.Of, c.Subject,
			c.Expires.Format(time.DateOnly), span(left.Seconds())), pageWidth))
	}
}

// streamName is the table alone where all come from one workspace, else with the beginning of the workspace's id.
func (p *statusText) streamName(name string) string {
	stream := pipeline.StreamNamed(name)
	if stream.Kind != pipeline.LogAnalytics {
		return short(name, streamWidth)
	}
	for _, s := range p.Streams {
		if other := pipeline.StreamNamed(s.Name); other.Kind == stream.Kind && other.Workspace != stream.Workspace {
			return short(stream.Table, streamWidth-6) + "@" + short(stream.Workspace, 5)
		}
	}
	return short(stream.Table, streamWidth)
}

func (p *statusText) ago(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return span(max(0, p.Time.Sub(*t).Seconds())) + " ago" // clocks of two machines may differ
}
