// Package sumologic sends events to an HTTP source of Sumo Logic, one line of JSON each. Read sink.go, then send.go, and
// package delivery for what becomes of requests that are refused; reply.go says what the source's answers mean.
package sumologic

import (
	"context"
	"net/http"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/delivery"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Sink sends to one HTTP source.
type Sink struct {
	config Config
	host   string
	fields string
	url    *secret.File
	client *http.Client
	sender *delivery.Sender

	certificates endpoint.Certificates

	bodies endpoint.Bodies
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
	s.client = endpoint.HTTPClient(tls, endpoint.Proxy{})
	s.sender = s.newSender(c)
	return s, nil
}

// address is where to send to.
func (s *Sink) address() (string, error) { return s.url.Get() }

// Send delivers events in requests of at most BatchBytes, each for one table. It implements pipeline.Sink.
func (s *Sink) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	return s.sender.Send(ctx, events)
}

// Close closes the connections.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
