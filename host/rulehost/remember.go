package rulehost

import (
	"context"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/followup"
)

// Remember makes what rules have seen and the events that wait for DNS outlive this process. A CEL module in a process of
// its own keeps what it has seen to itself. Without a store all is forgotten with the process.
func (m *Modules) Remember(store ledger.Store, l *ledger.Ledger) (err error) {
	if err := m.openFollowUps(store, l); err != nil {
		return err
	}
	module, ok := m.cel.(*celrule.Module)
	if !ok || store == nil {
		return nil
	}
	if m.began.Rules.History {
		m.history = newHistory(module, store, l, m.log)
	}
	if m.keeper, err = restoreSeen(m.seen, store, m.log); err != nil {
		return fmt.Errorf("read what rules have seen: %w", err)
	}
	return nil
}

// openFollowUps makes the book in which events wait for verdicts. Without a store it forgets them with the process.
func (m *Modules) openFollowUps(store ledger.Store, l *ledger.Ledger) (err error) {
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

// SaveSeen saves what rules have seen, now and then and when ctx ends.
func (m *Modules) SaveSeen(ctx context.Context) {
	if m.keeper != nil {
		m.keeper.run(ctx)
	}
}

// ShowHistory shows past rows to rules with first_seen that have never seen any.
func (m *Modules) ShowHistory(ctx context.Context, streams []pipeline.Stream) {
	if m.history != nil {
		m.history.show(ctx, streams)
	}
}

// FollowHistory shows past rows to rules with first_seen that are loaded while events flow, until ctx ends.
func (m *Modules) FollowHistory(ctx context.Context, streams []pipeline.Stream) {
	if m.history != nil {
		m.history.follow(ctx, streams)
	}
}

// askHistory asks for a look at past rows, for rules with first_seen that weren't there before.
func (m *Modules) askHistory() {
	if m.history != nil {
		m.history.again()
	}
}
