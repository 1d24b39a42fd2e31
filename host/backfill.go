package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// Backfill reads a stretch of past rows, beside a running host, and sends them to the same sinks with the event ids that
// reading them live gives. It remembers how far it is in a ledger of its own, in the directory backfill of data_dir.
type Backfill struct {
	From, To time.Time // in ingestion time, whole minutes
	Table    string    // "" is all of the configuration
	// Progress is told how much of the stretch is read and delivered, summed up over tables.
	Progress func(done, total time.Duration)
}

// ErrUnsettled says that a stretch isn't for backfill: the host itself is still to read some of it, or rows may come yet.
var ErrUnsettled = errors.New("the time isn't settled")

// ErrUnknownTable says that the configuration has no such table.
var ErrUnknownTable = errors.New("unknown table")

const progressEvery = 500 * time.Millisecond

// Run reads and sends until everything in the stretch is delivered or ctx ends; called again, it goes on where it was. It
// says whether it is done, and how many rows it read.
func (b Backfill) Run(ctx context.Context, c config.Config, o Options) (done bool, rows int64, err error) {
	tables, err := b.narrow(c.Sources.LogAnalytics)
	if err != nil {
		return false, 0, err
	}
	states, runs, err := hostLedger(ctx, c.DataDir)
	if err == nil {
		err = b.conflict(states, tables, time.Now())
	}
	if err != nil {
		return false, 0, err
	}
	if sinks := b.yearless(c.Sinks, time.Now()); len(sinks) > 0 {
		o.Log.WithField("sinks", sinks).Warn("backfill: rows of another year: the headers that these sinks write have no year, so receivers may store " +
			"the rows in the wrong one: set header_time: rfc3339 if they read that")
	}
	if runs {
		c.Sinks = c.Sinks.Beside(".backfill")
	}
	o.Once, o.Letters = true, c.DataDir
	dir := filepath.Join(c.DataDir, "backfill", b.From.Format("20060102T1504Z")+"-"+b.To.Format("20060102T1504Z"))
	c.Sources, c.DataDir, c.Metrics.Listen, c.Rules.Watch = config.Sources{LogAnalytics: tables}, dir, "", false
	h, err := New(ctx, c, o)
	if err != nil {
		return false, 0, err
	}
	o.Log.WithFields(logrus.Fields{"from": b.From.Format(time.RFC3339), "to": b.To.Format(time.RFC3339)}).
		Info("backfill: the same times go on with it, should it be interrupted")
	err = b.drive(ctx, h)
	states = workspaceStates(h.pipeline)
	h.Close()
	rows = h.Figures().Read
	if done = err == nil && ctx.Err() == nil && b.finished(states); done {
		if err := os.RemoveAll(dir); err != nil {
			return true, rows, fmt.Errorf("remove the ledger of the backfill: %w", err)
		}
	}
	return done, rows, err
}

// narrow is what is read: one query at a time, and only the table that was asked for.
func (b Backfill) narrow(all []config.LogAnalytics) (narrowed []config.LogAnalytics, err error) {
	for _, s := range all {
		s.Modest = true
		s.Tables = slices.DeleteFunc(slices.Clone(s.Tables), func(t loganalytics.Table) bool { return b.Table != "" && t.Name != b.Table })
		if len(s.Tables) > 0 {
			narrowed = append(narrowed, s)
		}
	}
	if len(narrowed) == 0 {
		return nil, fmt.Errorf("%w %q: no workspace of the configuration is read for it", ErrUnknownTable, b.Table)
	}
	return narrowed, nil
}

// yearless are the sinks whose receivers take the year from their clocks, if that isn't the year of all rows.
func (b Backfill) yearless(sinks config.Sinks, now time.Time) (names []string) {
	if b.From.UTC().Year() == now.UTC().Year() {
		return nil
	}
	for _, s := range sinks.All() {
		if s.Yearless {
			names = append(names, s.Name)
		}
	}
	return names
}

// hostLedger is what the ledger in a data directory holds, and whether a host runs there.
func hostLedger(ctx context.Context, dir string) (states map[string]*pipeline.State, runs bool, err error) {
	states, err = admin.Remote{Dir: dir}.Ledger(ctx)
	if errors.Is(err, admin.ErrNoHost) {
		states, err = ledgerStates(dir)
		return states, false, err
	}
	if err == nil && states == nil {
		err = fmt.Errorf("%w: the host is still starting: try again in a moment", ErrUnsettled)
	}
	return states, true, err
}

// conflict says what of the stretch the host itself is still to read, going by its ledger.
func (b Backfill) conflict(states map[string]*pipeline.State, tables []config.LogAnalytics, now time.Time) error {
	for _, s := range tables {
		if latest := now.Add(-s.Settle); b.To.After(latest) {
			return fmt.Errorf("%w: rows may come until %s: end before", ErrUnsettled, latest.UTC().Format(time.RFC3339))
		}
		for _, t := range s.Tables {
			state := states[pipeline.NewStream(pipeline.LogAnalytics, s.Workspace, t.Name).Name]
			if state == nil || state.Frontier.IsZero() {
				continue // the host doesn't read it
			}
			if b.To.After(state.Frontier) {
				return fmt.Errorf("%w: the host has read %s up to %s and goes on from there: end before", ErrUnsettled, t.Name, state.Frontier.Format(time.RFC3339))
			}
			for _, p := range state.Open {
				if w := p.Window; w.From.Before(b.To) && w.To.After(b.From) {
					return fmt.Errorf("%w: the host is still to deliver %v: leave it out, or wait until it has", ErrUnsettled, w)
				}
			}
		}
	}
	return nil
}

// drive runs the host over the stretch and tells how far it is.
func (b Backfill) drive(ctx context.Context, h *Host) error {
	for i := range h.pipeline.Streams {
		if s := &h.pipeline.Streams[i]; s.Kind == pipeline.LogAnalytics {
			s.Plan = b.plan(s.Plan)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			b.tell(workspaceStates(h.pipeline))
			return err
		case <-ticker.C:
			b.tell(workspaceStates(h.pipeline))
		}
	}
}

type planner func(context.Context, time.Time) (pipeline.Window, time.Duration, bool, error)

// plan keeps a stream's own plan within the stretch.
func (b Backfill) plan(own planner) planner {
	return func(ctx context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
		if frontier.IsZero() {
			frontier = b.From
		}
		if !frontier.Before(b.To) {
			return w, 0, false, pipeline.ErrEnd
		}
		w, wait, ok, err = own(ctx, frontier)
		if ok && w.To.After(b.To) {
			w.To = b.To
		}
		return w, wait, ok, err
	}
}

func (b Backfill) tell(states map[string]*pipeline.State) {
	var done, total time.Duration
	for _, state := range states {
		total += b.To.Sub(b.From)
		through := state.Frontier
		for _, p := range state.Open {
			if p.Window.From.Before(through) {
				through = p.Window.From
			}
		}
		done += max(0, through.Sub(b.From))
	}
	if total > 0 {
		b.Progress(done, total)
	}
}

// finished reports whether everything was delivered. A table that the workspace doesn't have is.
func (b Backfill) finished(states map[string]*pipeline.State) bool {
	for _, state := range states {
		if len(state.Open) > 0 || !state.Frontier.IsZero() && state.Frontier.Before(b.To) {
			return false
		}
	}
	return true
}

// workspaceStates are the states of the tables of workspaces, by stream.
func workspaceStates(p *pipeline.Pipeline) map[string]*pipeline.State {
	states := p.States()
	for _, s := range p.Streams {
		if s.Kind != pipeline.LogAnalytics {
			delete(states, s.Name)
		}
	}
	return states
}
