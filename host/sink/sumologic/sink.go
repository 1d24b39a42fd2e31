// Package sumologic sends events to an HTTP source of Sumo Logic, one line of JSON each. Read sink.go, then send.go;
// reply.go says what the source's answers mean.
package sumologic

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Sink sends to one HTTP source.
type Sink struct {
	config Config
	host   string
	fields string
	url    *secret.File
	client *http.Client

	certificates endpoint.Certificates

	limit   *endpoint.Limit // bytes a request may have; shrinks when the source says 413
	batches sync.Pool
	bodies  endpoint.Bodies
}

// New returns a sink for a valid configuration. It reads the source's address once, so that a missing or unprotected file
// shows at the start, and connects to nothing.
func New(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{config: c, host: c.host(), fields: c.fields(), url: c.Secrets.File("url_file", c.URLFile, code)}
	if _, err := s.address(); err != nil {
		return nil, err
	}
	tls := c.tls()
	tls.Seen = &s.certificates
	if _, err := tls.Config(); err != nil {
		return nil, err
	}
	s.batches.New = func() any { return new(batch) }
	s.limit = endpoint.NewLimit(c.BatchBytes, minBatch)
	s.client = endpoint.HTTPClient(tls, endpoint.Proxy{})
	return s, nil
}

// address is where to send to.
func (s *Sink) address() (string, error) { return s.url.Get() }

// Send delivers events in requests of at most BatchBytes, each for one table. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	d := &delivery{Sink: s, events: events}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.config.Requests)
	for next := 0; next < len(events); {
		b := s.batches.Get().(*batch)
		next = d.pack(b, next)
		group.Go(func() error {
			defer s.batches.Put(b)
			return d.deliver(groupCtx, b, 0, len(b.events))
		})
	}
	if err := group.Wait(); err != nil {
		return pipeline.Receipt{}, fmt.Errorf("send to Sumo Logic: %w", err)
	}
	return d.receipt()
}

// Close closes the connections.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
