package rulehost

import (
	"context"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Remember makes what rules have seen and the events that wait for DNS outlive this process. A CEL module in a process of
// its own keeps what it has seen to itself. Without a store all is forgotten with the process.
func (m *Modules) Remember(store bucketStore, l *ledger.Ledger) (err error) {
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
