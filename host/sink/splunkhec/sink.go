// Package splunkhec sends events to a Splunk HTTP Event Collector. Read sink.go, then send.go, and package delivery for
// what becomes of requests that are refused; encode.go is the envelope, codes.go what the collector's answers mean, channel.go the protocol of acknowledgements.
package splunkhec

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/delivery"
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
	sender  *delivery.Sender

	collectors *collectors
	flow       *flow
	gate       gate
	ack        atomic.Bool // requests have a channel and are acknowledged

	certificates endpoint.Certificates

	slow   atomic.Pointer[time.Time] // before which no request leaves; nil for none. A number would follow the machine's clock
	bodies endpoint.Bodies
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
	s.client = endpoint.HTTPClient(tls, c.proxy())
	s.collectors = newCollectors(append([]string{c.URL}, c.URLs...))
	s.flow = newFlow(c.Requests * max(2, c.Requests))
	s.ack.Store(c.Ack)
	s.sender = s.newSender(c)
	return s, nil
}

// Send delivers events in requests of at most BatchBytes. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	return s.sender.Send(ctx, events)
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
