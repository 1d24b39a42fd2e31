// Package splunkhec sends events to a Splunk HTTP Event Collector. Read sink.go, then send.go and blame.go; encode.go is
// the envelope, codes.go what the collector's answers mean, channel.go the protocol of acknowledgements.
package splunkhec

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// Sink sends to one collector.
type Sink struct {
	config  Config
	base    string
	token   *secret.File
	encoder *encoder
	client  *http.Client

	collectors *collectors
	flow       *flow
	gate       gate
	ack        atomic.Bool // requests have a channel and are acknowledged
	took       atomic.Bool // the collector has taken events since the start

	certificates endpoint.Certificates

	limit   *endpoint.Limit           // bytes a request may have; shrinks when the collector says 413
	slow    atomic.Pointer[time.Time] // before which no request leaves; nil for none. A number would follow the machine's clock
	batches endpoint.Free[batch]
	bodies  endpoint.Bodies
}

// New returns a sink for a valid configuration. It reads the token once, so that a missing or unprotected file shows
// at the start, and connects to nothing.
func New(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Sink{
		config:  c,
		base:    strings.TrimRight(c.URL, "/") + "/services/collector",
		token:   c.Secrets.File("token_file", c.TokenFile, nil),
		encoder: newEncoder(c),
	}
	if _, err := s.token.Get(); err != nil {
		return nil, err
	}
	if err := c.proxy().CheckFiles(); err != nil {
		return nil, err
	}
	tls := c.tls()
	tls.Seen = &s.certificates
	if _, err := tls.Config(); err != nil {
		return nil, err
	}
	s.limit = endpoint.NewLimit(c.BatchBytes, minBatch)
	s.client = endpoint.HTTPClient(tls, c.proxy())
	s.collectors = newCollectors(append([]string{c.URL}, c.URLs...))
	s.flow = newFlow(c.Requests * max(2, c.Requests))
	s.ack.Store(c.Ack)
	return s, nil
}

// Send delivers events in requests of at most BatchBytes. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	d := &delivery{Sink: s, events: events, headers: headers{}}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.config.Requests)
	for next := 0; next < len(events); {
		b := s.batches.Get()
		next = d.pack(b, next)
		group.Go(func() error {
			defer s.keep(b)
			return d.deliver(groupCtx, b, 0, len(b.events))
		})
	}
	if err := group.Wait(); err != nil {
		return pipeline.Receipt{}, fmt.Errorf("send to Splunk at %s: %w", s.config.URL, err)
	}
	return d.receipt(ctx)
}

// Close closes the connections.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// slowDown lets no request leave for a while.
func (s *Sink) slowDown(wait time.Duration) {
	until := time.Now().Add(wait)
	s.slow.Store(&until)
}

// pace waits while the collector asked for fewer events.
func (s *Sink) pace(ctx context.Context) error {
	until := s.slow.Load()
	if until == nil {
		return ctx.Err()
	}
	wait := time.Until(*until)
	if wait <= 0 {
		return ctx.Err()
	}
	if wait > slowdown {
		return &pipeline.RetryAfter{Wait: wait, Err: errors.New("the collector has asked to wait")}
	}
	return backoff.Sleep(ctx, wait)
}
