package rulehost

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/followup"
)

// askDNS makes a module that looks hosts up, and the rules of cel ask it. Its verdicts stay in this process, so a CEL
// module in a process of its own can't have them: config refuses the two together.
func askDNS(cel *celrule.Module) *dns.Module {
	var d net.Dialer
	m := dns.New(d.DialContext)
	cel.AskVerdicts(func(host string) string { return m.Verdict(host).Word() })
	return m
}

// openFollowUps makes the book in which events wait for verdicts. Without a store it forgets them with the process.
func (m *Modules) openFollowUps(store followup.Store, l *ledger.Ledger) (err error) {
	cel, ok := m.cel.(*celrule.Module)
	if m.dns == nil || !ok {
		return nil
	}
	o := followup.Options{Store: store, Names: names{m.dns}, Judge: judge(cel), Log: m.log}
	if l != nil {
		o.Progress = func() (planned, confirmed time.Time, err error) { return progress(l) }
	}
	if m.followUps, err = followup.Open(o); err != nil {
		return err
	}
	m.dns.Tell(keeper{m.followUps}, func(host string, _ dns.Verdict) { m.followUps.Answered(host) })
	return nil
}

// progress is how far the sinks are in the stream of follow-ups.
func progress(l *ledger.Ledger) (planned, confirmed time.Time, err error) {
	streams, err := l.Streams()
	state := streams[string(pipeline.FollowUps)]
	if err != nil || state == nil {
		return planned, confirmed, err
	}
	confirmed = state.Frontier
	for _, open := range state.Open {
		if open.Window.From.Before(confirmed) {
			confirmed = open.Window.From
		}
	}
	return state.Frontier, confirmed, nil
}

// judge returns the tags of the rules that depend on what DNS says.
func judge(cel *celrule.Module) followup.Judge {
	return func(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
		lists, err := cel.Tag(ctx, events)
		needing := cel.Needing("dns")
		for i := range lists {
			lists[i] = slices.DeleteFunc(lists[i], func(t enrich.Tag) bool { return !slices.Contains(needing, t.Rule) })
		}
		return lists, err
	}
}

// LookUp looks hosts up until ctx ends.
func (m *Modules) LookUp(ctx context.Context) {
	if m.followUps != nil {
		m.dns.Run(ctx)
	}
}

// FollowUp judges the events that wait for what DNS says, until ctx ends.
func (m *Modules) FollowUp(ctx context.Context) {
	if m.followUps != nil {
		m.followUps.Run(ctx)
	}
}

// Streams are those of the events that modules make themselves.
func (m *Modules) Streams() []pipeline.Stream {
	if m.followUps == nil {
		return nil
	}
	return []pipeline.Stream{m.followUps.Stream()}
}

// names is the module as the book asks it.
type names struct{ *dns.Module }

func (n names) Verdict(host string) (verdict string, final bool) {
	v := n.Module.Verdict(host)
	return string(v), v.Final()
}

// keeper is the book as the module tells it.
type keeper struct{ book *followup.Book }

func (k keeper) Keep(ctx context.Context, questions []dns.Question) {
	all := make([]followup.Question, len(questions))
	for i, q := range questions {
		all[i] = followup.Question(q)
	}
	k.book.Keep(ctx, all)
}

// lookups are the counts of both as metrics have them.
func lookups(d dns.Figures, f followup.Figures) *admin.Lookups {
	l := &admin.Lookups{
		Hosts: map[string]int64{}, Queued: d.Queued, Questions: f.Questions, FollowUps: f.FollowUps, Made: f.Made,
		PassedOver: map[string]int64{"refused": d.Refused, "surplus": d.Surplus, "dropped": d.Dropped},
		Lost:       map[string]int64{"expired": f.Expired, "dropped": f.Dropped},
	}
	for _, v := range []dns.Verdict{dns.NXDomain, dns.Resolves, dns.NoData, dns.Unknown} {
		l.Hosts[string(v)] = d.Lookups[v]
	}
	return l
}
