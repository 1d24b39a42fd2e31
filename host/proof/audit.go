package proof

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// age is how long behind its end a minute is compared with the source, and how many minutes make a query worth while.
type age struct {
	name        string // in the ledger
	after, step time.Duration
}

// ages are when rows are looked for that came late. Entra's logs may take days, resource logs and Key Vault's minutes:
// https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time
func ages() []age {
	return []age{
		{"15m", 15 * time.Minute, 5 * time.Minute},
		{"2h", 2 * time.Hour, 20 * time.Minute},
		{"24h", 24 * time.Hour, time.Hour},
		{"48h", 48 * time.Hour, time.Hour},
	}
}

const (
	auditEvery   = time.Minute
	longestAudit = 24 * time.Hour // in one query
)

// Auditor looks for rows that came late, for as long as a host runs.
type Auditor struct {
	Check
	Streams []pipeline.Stream
	// Record finds the record of a stream that runs.
	Record func(stream string) (pipeline.Record, bool)
	// Late is told of rows that came late.
	Late func(stream string, rows int64)
	Log  logrus.FieldLogger
	// Lock is held while minutes are compared and planned, so that nobody plans in between.
	Lock func() (unlock func())
}

// Run audits until ctx ends.
func (a *Auditor) Run(ctx context.Context) {
	ticker := time.NewTicker(auditEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		for _, s := range a.Streams {
			record, runs := a.Record(s.Name)
			if s.Count == nil || s.Volatile || !runs {
				continue
			}
			for _, age := range ages() {
				if err := a.audit(ctx, s, record, age); err != nil && ctx.Err() == nil {
					a.Log.WithError(err).WithField("stream", s.Name).Warn("can't look for rows that came late; trying again in a minute")
					break
				}
			}
		}
	}
}

// audit compares what is due at one age.
func (a *Auditor) audit(ctx context.Context, s pipeline.Stream, record pipeline.Record, age age) error {
	defer a.Lock()()
	state := record.State()
	from, to, due := age.due(state)
	if !due {
		return nil
	}
	_, gaps, err := a.Compare(ctx, s, state, from, to, time.Hour)
	if err != nil {
		return err
	}
	rows, err := Plan(record, slices.DeleteFunc(gaps, func(g Gap) bool { return g.Unrecorded }))
	if err != nil {
		return err
	}
	if rows > 0 {
		a.Late(s.Name, rows)
		a.Log.WithFields(logrus.Fields{"stream": s.Name, "rows": rows, "after": age.name}).
			Info("rows came late: their minutes are read again for the sinks that lack them")
	}
	err = record.Update(func(s *pipeline.State) error {
		if s.Audited == nil {
			s.Audited = map[string]time.Time{}
		}
		s.Audited[age.name] = to
		return nil
	})
	if err != nil {
		return fmt.Errorf("write down what was audited: %w", err)
	}
	return nil
}

// due is what is to be compared next. The frontier stands for the present: it follows the service's clock, and as long
// as it lags, reading goes first.
func (a age) due(state *pipeline.State) (from, to time.Time, due bool) {
	if state.Frontier.IsZero() {
		return from, to, false
	}
	for _, joined := range state.Joined {
		if from.IsZero() || joined.Before(from) {
			from = joined
		}
	}
	for _, earliest := range []time.Time{state.Audited[a.name], state.Frontier.Add(-ledger.ProofLife + time.Hour)} {
		if earliest.After(from) {
			from = earliest
		}
	}
	if to = state.Frontier.Add(-a.after).Truncate(time.Minute); to.Sub(from) < a.step {
		return from, to, false
	}
	if to.Sub(from) > longestAudit {
		to = from.Truncate(time.Minute).Add(longestAudit)
	}
	return from, to, true
}
