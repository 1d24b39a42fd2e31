package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// Verify compares what the workspaces hold with what each sink confirmed; see [proof.Check.Verify].
func (h *Host) Verify(ctx context.Context, r proof.Request) (proof.Report, error) {
	if *h.doing.Load() != "" {
		return proof.Report{}, &proof.RequestError{Err: errors.New("the host is still starting: ask again in a moment")}
	}
	h.proving.Lock()
	defer h.proving.Unlock()
	report, err := h.check().Verify(ctx, h.pipeline.Streams, h.record, r)
	return report, h.config.Secrets.CleanError(err)
}

// record finds the record of a stream that runs. Another copy of it must not be changed.
func (h *Host) record(stream string) (pipeline.Record, error) {
	if r, ok := h.pipeline.Record(stream); ok {
		return r, nil
	}
	return nil, &proof.RequestError{Err: fmt.Errorf("%s isn't read yet: ask again in a moment", stream)}
}

// Ledger is what the ledger holds of the streams that run, by name; nil before they do.
func (h *Host) Ledger() map[string]*pipeline.State {
	if *h.doing.Load() != "" {
		return nil
	}
	return h.pipeline.States()
}

func (h *Host) check() proof.Check {
	check := proof.Check{Proof: h.ledger.Proof}
	for _, o := range h.pipeline.Outlets {
		check.Sinks = append(check.Sinks, o.Name)
	}
	return check
}

// openAudits prepares to look for rows that came late, where rows come from workspaces for longer than once.
func (h *Host) openAudits() {
	if h.ledger == nil || h.pipeline.Once || len(h.config.Sources.LogAnalytics) == 0 {
		return
	}
	h.auditor = &proof.Auditor{
		Check: h.check(), Streams: h.pipeline.Streams, Record: h.pipeline.Record, Log: h.log, Late: h.stats.CameLate,
		Lock: func() func() { h.proving.Lock(); return h.proving.Unlock },
	}
	if h.config.Summary {
		h.pipeline.Streams = append(h.pipeline.Streams, h.auditor.Summaries())
	}
}

// audit looks for rows that came late until ctx ends.
func (h *Host) audit(ctx context.Context) {
	if h.auditor != nil {
		h.auditor.Run(ctx)
	}
}

// repairPause is how often a running host is asked how far a repair is.
const repairPause = 500 * time.Millisecond

// VerifyConfigured compares what the workspaces of a configuration hold with what its sinks confirmed: it asks the host
// that runs, or, without one, reads the ledger and asks the workspaces itself. With r.Repair it returns once what was
// missing is sent; progress is told how many windows are left. Errors are those of [proof.Check.Verify] and of New.
func VerifyConfigured(ctx context.Context, c config.Config, r proof.Request, o Options, progress func(left int)) (proof.Report, error) {
	remote := admin.Remote{Dir: c.DataDir}
	report, err := remote.Verify(ctx, r)
	if !errors.Is(err, admin.ErrNoHost) {
		if err != nil || report.Repaired == 0 {
			return report, err
		}
		return report, awaitRepairs(ctx, remote, report, c.Sinks.Names(), progress)
	}
	if report, err = verifyAlone(ctx, c, r, o.Log); err != nil || report.Repaired == 0 {
		return report, err
	}
	progress(report.Left)
	if err := finish(ctx, c, o); err != nil {
		return report, err
	}
	progress(0)
	return report, nil
}

// awaitRepairs returns once the host has read again what the report says. A host that starts anew meanwhile goes on with it.
func awaitRepairs(ctx context.Context, remote admin.Remote, report proof.Report, sinks []string, progress func(left int)) error {
	for {
		states, err := remote.Ledger(ctx)
		switch left, known := againLeft(states, report, sinks); {
		case errors.Is(err, admin.ErrNoHost):
			return fmt.Errorf("the host ended before the repair was done, and goes on with it when it runs again: %w", err)
		case err != nil:
			return err
		case known:
			progress(left)
			if left == 0 {
				return nil
			}
		}
		if err := backoff.Sleep(ctx, repairPause); err != nil {
			return fmt.Errorf("the host goes on with the repair by itself: %w", err)
		}
	}
}

// againLeft is how many windows are still to be read again; known is false while the host doesn't say it of a stream.
func againLeft(states map[string]*pipeline.State, report proof.Report, sinks []string) (left int, known bool) {
	for _, b := range report.Bins {
		if states[b.Stream] == nil {
			return 0, false
		}
	}
	for _, state := range states {
		left += state.AgainLeft(sinks)
	}
	return left, true
}

// verifyAlone compares without a host.
func verifyAlone(ctx context.Context, c config.Config, r proof.Request, log logrus.FieldLogger) (report proof.Report, err error) {
	streams, err := workspaces(c, log)
	if err != nil {
		return report, err
	}
	check := proof.Check{Sinks: c.Sinks.Names()}
	store, err := peekStore(c.DataDir)
	if errors.Is(err, fs.ErrNotExist) { // nothing was read yet
		check.Proof = func(string, time.Time, time.Time) (map[string][]pipeline.Tally, error) { return nil, nil }
		return check.Verify(ctx, streams, func(string) (pipeline.Record, error) { return unread{}, nil }, r)
	}
	if err == nil && r.Repair {
		_ = store.Close() // it was only read
		store, err = openStore(c.DataDir, log)
	}
	if err != nil {
		return report, err
	}
	l := ledger.New(store)
	check.Proof = l.Proof
	report, err = check.Verify(ctx, streams, l.Open, r)
	return report, errors.Join(err, store.Close())
}

// unread is the record of a stream without a ledger.
type unread struct{}

// State is empty.
func (unread) State() *pipeline.State { return &pipeline.State{} }

// Update changes nothing: there is nothing that could be read again.
func (unread) Update(func(*pipeline.State) error) error { return nil }

// finish handles the windows that are open, and no new ones.
func finish(ctx context.Context, c config.Config, o Options) error {
	c.Sources = config.Sources{LogAnalytics: c.Sources.LogAnalytics}
	o.Once = true
	h, err := New(ctx, c, o)
	if err != nil {
		return err
	}
	defer h.Close()
	for i := range h.pipeline.Streams {
		h.pipeline.Streams[i].Plan = func(context.Context, time.Time) (pipeline.Window, time.Duration, bool, error) {
			return pipeline.Window{}, 0, false, pipeline.ErrEnd
		}
	}
	return h.Run(ctx)
}
