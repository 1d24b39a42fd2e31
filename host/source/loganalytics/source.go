package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// The service's limits for one reply. One that comes near may have been cut.
// https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language
const (
	maxRows  = 500_000
	maxBytes = 104_857_600 / 100 * 95
)

// hopelessFor is how long no window is cut after cutting has led nowhere, to one that can't be cut and fails all the same:
// then it isn't the window, and cutting all the others that far would be millions of queries. Afterwards one is cut again,
// lest that window keep a busy table from being read.
const hopelessFor = 10 * time.Minute

// querier asks a workspace.
type querier interface {
	// Query hands the rows of a query's reply to to while they arrive.
	Query(ctx context.Context, kql string, to rowReceiver) (outcome, error)
}

// Source reads one table.
type Source struct {
	name                 string // of the stream
	table                Table
	start, settle, every time.Duration
	query                querier
	clock                *clock
	pacer                *pacer
	log                  logrus.FieldLogger
	ok                   func()        // told of each query that worked
	patient              chan struct{} // has room for one query that gives way to others

	remarks remarks

	found    atomic.Bool               // the workspace has the table
	absent   atomic.Bool               // it was asked, and doesn't have it yet
	kept     atomic.Bool               // whether the frontier lies before the table's oldest row was asked
	hopeless atomic.Pointer[time.Time] // when a window that couldn't be cut failed all the same; nil since one was read
}

// Workspaces are read by one process. Those that are read as the same identity share its limits, which the service sets
// for identities, not for workspaces. The zero value is ready.
type Workspaces struct {
	limiters map[string]*limiter
}

// limiter is the one for the identity of c. Where the workspaces of an identity differ in max_requests, the first counts.
func (w *Workspaces) limiter(c Config) *limiter {
	credential := c.Credential
	who := strings.Join([]string{c.Cloud, credential.Kind, strings.ToLower(credential.TenantID), strings.ToLower(credential.ClientID)}, "|")
	if w.limiters == nil {
		w.limiters = map[string]*limiter{}
	}
	if w.limiters[who] == nil {
		w.limiters[who] = newLimiter(c.requests(), c.queries())
	}
	return w.limiters[who]
}

// New returns one stream per table, called "la:<workspace>:<table>"; each stream's source is a *Source. They share one
// connection. Credentials are read with the first query. Log is told when a table comes or goes.
func (w *Workspaces) New(c Config, log logrus.FieldLogger) ([]pipeline.Stream, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	conn, err := newConnection(c)
	if err != nil {
		return nil, err
	}
	conn.limit = w.limiter(c)
	return streams(c, conn, log), nil
}

func streams(c Config, conn *connection, log logrus.FieldLogger) (all []pipeline.Stream) {
	for _, t := range c.Tables {
		stream := pipeline.NewStream(pipeline.LogAnalytics, c.Workspace, t.Name)
		s := &Source{
			name: stream.Name, table: t, start: c.Start, settle: c.Settle, every: c.Every,
			query: conn, clock: conn.clock, pacer: newPacer(c.MaxWindow), log: log, ok: conn.succeeded,
			patient: conn.limit.patient,
		}
		stream.Source, stream.Plan, stream.Count = s, s.Plan, s.Compare
		all = append(all, stream)
	}
	return all
}

// Absent reports whether the workspace didn't have the table when it was last asked. The service makes a table when
// its first row arrives.
func (s *Source) Absent() bool { return s.absent.Load() }

// Read delivers the rows of w behind after, as [pipeline.Source] says. Batches hold at most 512 events or little more
// than 1 MB. Rows of a reply that proves incomplete at its end were delivered nevertheless: the window is read again
// and gives the same event ids. [pipeline.ErrTooLarge] says that w must be cut, an *[IncompleteError] that it can't be.
func (s *Source) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	from, err := s.resume(ctx, w, after)
	if err != nil {
		return fmt.Errorf("read on in %s: %w", s.table.Name, err)
	}
	err = s.read(ctx, w, from, deliver)
	if errors.Is(err, errStale) {
		err = s.read(ctx, w, mark{}, deliver)
	}
	if own := new(deliverError); errors.As(err, &own) {
		return own.error
	}
	if err != nil {
		return fmt.Errorf("query %s: %w", s.table.Name, err)
	}
	return nil
}

// resume returns the mark to read on from, the zero mark when the window must be read from its beginning.
func (s *Source) resume(ctx context.Context, w pipeline.Window, after pipeline.Mark) (mark, error) {
	m, err := parseMark(after)
	if err != nil {
		return mark{}, err
	}
	if !m.fits(w) {
		return mark{}, nil
	}
	if !m.at.After(m.from) {
		return m, nil // nothing lies between
	}
	rows, err := s.count(ctx, m.counted(s.name))
	switch {
	case errors.Is(err, pipeline.ErrTooLarge) || err == nil && rows != m.before:
		return mark{}, nil
	case err != nil:
		return mark{}, err
	}
	return m, nil
}

// read asks for the rows of w from the mark on.
func (s *Source) read(ctx context.Context, w pipeline.Window, from mark, deliver func(pipeline.Batch) error) error {
	rest, whole := w, from.at.IsZero()
	if !whole {
		if rest.From = from.at; !rest.From.Before(w.To) {
			return nil // the mark lies behind w, and what lies before it is proven
		}
	}
	b := newBatcher(s.table.Name, w, from, deliver)
	b.look = s.look
	result, err := s.query.Query(ctx, s.table.rowsQuery(rest), b)
	s.mended(result.mended)
	if err != nil {
		return s.failed(ctx, w, err)
	}
	s.answered()
	if err := b.passed(); err != nil {
		return err
	}
	if reason := result.tooLarge(); reason != nil {
		return s.incomplete(ctx, w, b, reason)
	}
	s.hopeless.Store(nil)
	if whole && w.Slots == 0 {
		s.pacer.read(w.To.Sub(w.From), result.rows)
	}
	return b.flush()
}

// tooLarge is why the reply may lack rows, nil when it is whole.
func (o outcome) tooLarge() error {
	switch {
	case o.partial != nil:
		return o.partial
	case o.rows >= maxRows:
		return fmt.Errorf("the reply holds %d rows, the service's limit", o.rows)
	case o.bytes >= maxBytes:
		return fmt.Errorf("the reply holds %d bytes, close to the service's limit", o.bytes)
	}
	return nil
}

// incomplete decides what follows from a reply that lacks rows.
func (s *Source) incomplete(ctx context.Context, w pipeline.Window, b *batcher, reason error) error {
	if err := s.cut(ctx, w, reason); err != nil {
		return err
	}
	if err := b.flush(); err != nil {
		return err
	}
	return &IncompleteError{Window: w, Rows: b.delivered, Err: reason}
}

// failed decides what follows from a query that failed.
func (s *Source) failed(ctx context.Context, w pipeline.Window, err error) error {
	service := new(ServiceError)
	isService := errors.As(err, &service)
	switch {
	case isService && (service.noTable(s.table.Name) || service.Status == http.StatusNoContent):
		// The table was there when the window was planned: it may not be called empty.
		return &pipeline.RetryAfter{Wait: absentPause, Err: err}
	case isService && service.Status == http.StatusGatewayTimeout, errors.Is(err, errSlow), errors.Is(err, azure.ErrTooLong):
		if cut := s.cut(ctx, w, err); cut != nil {
			return cut
		}
	}
	return err
}

// cut is pipeline.ErrTooLarge, or to wait where cutting has just led nowhere; nil when w can't be cut, or cutting it is of
// no use.
func (s *Source) cut(ctx context.Context, w pipeline.Window, reason error) error {
	half, _, err := w.Cut()
	at := s.hopeless.Load()
	switch {
	case err == nil && at != nil && time.Since(*at) < hopelessFor:
		return &pipeline.RetryAfter{Wait: time.Minute, Err: reason}
	case err != nil || half.Slots > 0 && !s.several(ctx, w):
		now := time.Now()
		s.hopeless.Store(&now)
		return nil
	}
	s.pacer.tooLarge(w.To.Sub(w.From))
	return fmt.Errorf("%w: %w", pipeline.ErrTooLarge, reason)
}

// several reports whether slots can part the rows of w. Rows that the service can't even count are of no use cut in
// thousands of slots, each of which would be asked for again and again.
func (s *Source) several(ctx context.Context, w pipeline.Window) bool {
	var c counts
	_, err := s.query.Query(ctx, s.table.countQuery(w), &c)
	return err == nil && c.total() > 1
}

// answered notes that the workspace knows the table.
func (s *Source) answered() {
	s.ok()
	s.found.Store(true)
	if s.absent.Swap(false) {
		s.log.WithField("table", s.table.Name).Info("the workspace has the table now")
	}
}

// discard wants no rows.
type discard struct{}

func (discard) begin([]string, []enrich.Type) error { return nil }

func (discard) row([]byte, []enrich.Span, []byte) error { return nil }
