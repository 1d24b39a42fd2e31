package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	msgraph "github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	batchEvents = 512
	batchBytes  = 1 << 20
	// refusedPause is how long is waited after a refusal that only a person can end.
	refusedPause = 5 * time.Minute
)

// lister is Microsoft Graph.
type lister interface {
	// List calls each with every object of a collection.
	List(ctx context.Context, q msgraph.Query, each func(msgraph.Object) error) error
}

// Source reads one tenant.
type Source struct {
	// Once says that this process looks at all objects once and no more, however long that takes.
	Once bool

	name  string // of the stream
	every time.Duration
	graph lister
	seen  sightings
	log   logrus.FieldLogger

	mu     sync.Mutex
	looked time.Time // the sightings' time of the last look at all objects; zero before the first
	began  time.Time // when that was by this machine's steady clock
}

// New returns the stream of a tenant, called "graph:<name>:GraphApplications", and its *Source, which must be closed. Store
// holds what was seen; nil is for a stream that nothing remembers. The error is about the configuration or the files that it
// names.
func New(c Config, store ledger.Store, log logrus.FieldLogger) (pipeline.Stream, *Source, error) {
	if err := c.Validate(); err != nil {
		return pipeline.Stream{}, nil, err
	}
	client, err := msgraph.New(c.Config, log)
	if err != nil {
		return pipeline.Stream{}, nil, err
	}
	s := newSource(c, client, store, log)
	stream := c.stream()
	stream.Source, stream.Plan = s, s.Plan
	return stream, s, nil
}

func (c Config) stream() pipeline.Stream { return pipeline.NewStream(pipeline.Graph, c.Name, Table) }

func newSource(c Config, graph lister, store ledger.Store, log logrus.FieldLogger) *Source {
	name := c.stream().Name
	return &Source{
		name: name, every: c.Every, graph: graph, log: log, seen: sightings{bucket: name, store: store},
	}
}

// Close ends idle connections.
func (s *Source) Close() error {
	if closer, ok := s.graph.(interface{ Close() error }); ok {
		return closer.Close()
	}
	return nil
}

// Plan looks at all objects, once Config.Every has passed since frontier, and returns the window from frontier to now. The
// very first window begins in 1970, so that it holds whatever was seen before the ledger was lost.
func (s *Source) Plan(ctx context.Context, frontier time.Time) (w pipeline.Window, wait time.Duration, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looked.IsZero() || s.looked.Before(frontier) {
		began := time.Now()
		if early := s.early(began, frontier); early > 0 {
			return w, early, false, nil
		}
		now := began.UTC().Truncate(time.Microsecond)
		if now.Before(frontier) { // the clock was put back
			now = frontier
		}
		if err := s.look(ctx, now); err != nil {
			return w, 0, false, paced(err)
		}
		s.looked, s.began = now, began
	}
	if frontier.IsZero() {
		frontier = time.Unix(0, 0).UTC()
	}
	return pipeline.Window{Stream: s.name, From: frontier, To: s.looked.Add(time.Microsecond)}, 0, true, nil
}

// early is how long it is until the next look, by the steady clock where there is one to compare with.
func (s *Source) early(now, frontier time.Time) time.Duration {
	switch {
	case !s.began.IsZero() && s.Once:
		return s.every
	case !s.began.IsZero():
		return s.every - now.Sub(s.began)
	case frontier.IsZero() || now.Before(frontier):
		return 0
	}
	return s.every - now.Sub(frontier)
}

// look compares all objects with what was seen.
func (s *Source) look(ctx context.Context, now time.Time) error {
	if err := s.seen.load(); err != nil {
		return err
	}
	r := s.seen.begin(now)
	for _, q := range queries() {
		err := s.graph.List(ctx, q, func(o msgraph.Object) error {
			one, err := parse(o.JSON)
			if err != nil {
				s.log.WithError(err).WithField("stream", s.name).Warn("an object of Microsoft Graph is left out")
				return nil
			}
			return r.see(one)
		})
		if err != nil {
			return err
		}
	}
	if err := r.end(); err != nil {
		return err
	}
	s.log.WithFields(logrus.Fields{"stream": s.name, "objects": len(r.present), "changed": len(r.changed)}).Debug("looked at Microsoft Graph")
	return nil
}

// Read delivers the objects of which a new state was seen in w, each as it is now, in batches of at most 512 events or little
// more than 1 MB. Batches have no mark: the order of the objects has no meaning, and a window that was read by half is read
// again. Objects that are gone meanwhile are left out.
func (s *Source) Read(ctx context.Context, w pipeline.Window, _ pipeline.Mark, deliver func(pipeline.Batch) error) error {
	if err := s.seen.load(); err != nil {
		return err
	}
	wanted := s.seen.in(w)
	if len(wanted) == 0 {
		return nil
	}
	b := batcher{deliver: deliver, parser: enrich.NewObjectParser(schema.TypeOf)}
	for _, q := range queries() {
		err := s.graph.List(ctx, q, func(o msgraph.Object) error {
			at, ok := wanted[o.ID]
			if !ok {
				return nil
			}
			delete(wanted, o.ID) // pages may overlap
			return b.add(o, at)
		})
		if err != nil {
			return b.verdict(err)
		}
	}
	return b.verdict(b.flush())
}

// batcher makes batches of events.
type batcher struct {
	deliver func(pipeline.Batch) error
	parser  *enrich.ObjectParser
	events  []enrich.Event
	bytes   int
	own     error // of deliver
}

func (b *batcher) add(o msgraph.Object, at time.Time) error {
	one, err := parse(o.JSON)
	if err != nil {
		return nil //nolint:nilerr // look has told of it
	}
	e, err := one.event(at, b.parser)
	if err != nil {
		return err
	}
	b.events, b.bytes = append(b.events, e), b.bytes+e.Size()
	if len(b.events) >= batchEvents || b.bytes >= batchBytes {
		return b.flush()
	}
	return nil
}

func (b *batcher) flush() error {
	if len(b.events) == 0 {
		return nil
	}
	batch := pipeline.Batch{Events: b.events}
	b.events, b.bytes = nil, 0 // they belong to deliver now
	b.own = b.deliver(batch)
	return b.own
}

// verdict is deliver's error as it is, or the service's.
func (b *batcher) verdict(err error) error {
	if b.own != nil {
		return b.own
	}
	return paced(err)
}

// paced says when to try again, where the service or the kind of failure tells.
func paced(err error) error {
	refused := new(msgraph.Error)
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Wait > 0:
		return &pipeline.RetryAfter{Wait: refused.Wait, Err: err}
	case refused.Status == http.StatusForbidden || refused.Status == http.StatusUnauthorized:
		return &pipeline.RetryAfter{Wait: refusedPause, Err: err}
	}
	return fmt.Errorf("ask Microsoft Graph: %w", err)
}
