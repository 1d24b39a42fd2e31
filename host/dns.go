package host

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
func (h *Host) openFollowUps(store ledger.Store, l *ledger.Ledger) (err error) {
	cel, ok := h.modules.cel.(*celrule.Module)
	if h.modules.dns == nil || !ok {
		return nil
	}
	o := followup.Options{Store: store, Names: names{h.modules.dns}, Judge: judge(cel), Log: h.log}
	if l != nil {
		o.Progress = func() (planned, confirmed time.Time, err error) { return progress(l) }
	}
	if h.followUps, err = followup.Open(o); err != nil {
		return err
	}
	h.modules.dns.Tell(keeper{h.followUps}, func(host string, _ dns.Verdict) { h.followUps.Answered(host) })
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

// startFollowUps looks hosts up and judges what waits for them, until stop is called.
func (h *Host) startFollowUps(ctx context.Context) (stop func()) {
	if h.followUps == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{}, 2)
	go func() { h.modules.dns.Run(ctx); done <- struct{}{} }()
	go func() { h.followUps.Run(ctx); done <- struct{}{} }()
	return func() { cancel(); <-done; <-done }
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
