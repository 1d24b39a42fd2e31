// Package hectest is a Splunk HTTP Event Collector for tests and demonstrations: it checks what it gets strictly,
// answers as Splunk does, fails on demand and records events by id.
package hectest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/received"
)

// Config says how a Server behaves. The zero value listens on a free loopback port without TLS and takes any token.
type Config struct {
	Addr       string      // where to listen; "" is 127.0.0.1:0
	TLS        *tls.Config // nil for plain HTTP
	Token      string      // the only token that is accepted; "" accepts any
	Ack        bool        // the token has indexer acknowledgement
	MaxContent int         // bytes of a request's body, uncompressed, above which it answers 413; 0 means 64 MiB
	Indexes    []string    // those that the token may write to; nil allows any
	Refuse     *Answer     // what every request with a token is answered, as for a token that is disabled; nil for nothing
	Health     *Answer     // what the health page answers; nil for that all is well
	Output     io.Writer   // gets each accepted envelope as one line; nil for nowhere
	// Answer may decide what happens to a request: nil means the usual. It is called for well-formed requests with a
	// good token and may be called from several goroutines at once.
	Answer func(Request) *Answer
	Empty  func() *Answer // the same for requests without events
}

// Request is what Answer gets to see.
type Request struct {
	Number int      // of the request, from 1
	IDs    []string // the event ids, in order
	Bytes  int      // of the body, uncompressed
}

// Answer is a reply that differs from the usual.
type Answer struct {
	Status     int
	Code       int
	Text       string
	Invalid    *int   // invalid-event-number
	RetryAfter string // header
	Location   string // header
	Body       string // replaces the JSON when it isn't empty
	Taken      int    // how many of the first events are recorded all the same
	Cut        bool   // close the connection instead of answering, after Taken events were recorded
}

// Server is a collector that runs until Close.
type Server struct {
	URL    string       // for splunkhec.Config
	Events received.Log // what was accepted, by event id; the content is the envelope's "event" as it was sent

	config Config
	http   *http.Server
	served chan struct{}

	mu       sync.Mutex
	posts    int
	requests int
	token    string
	channels map[string]*acks
}

// Start starts a collector. The error is that of listening.
func Start(c Config) (*Server, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.MaxContent == 0 {
		c.MaxContent = 64 << 20
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("start a collector: %w", err)
	}
	s := &Server{config: c, token: c.Token, channels: map[string]*acks{}, served: make(chan struct{})}
	s.URL = "http://" + listener.Addr().String()
	if c.TLS != nil {
		listener = tls.NewListener(listener, c.TLS)
		s.URL = "https://" + listener.Addr().String()
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // returns when closed
	}()
	return s, nil
}

// Close stops the collector: requests under way get a moment to end, then their connections are cut.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	<-s.served
	return err
}

// SetToken changes the token that is accepted.
func (s *Server) SetToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// Requests is how many requests with events came.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Posts is how many requests came to the pages for events, refused ones and those without events too.
func (s *Server) Posts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/services/collector", "/services/collector/event", "/services/collector/event/1.0"} {
		mux.HandleFunc("POST "+path, s.collect)
	}
	mux.HandleFunc("POST /services/collector/ack", s.askAcks)
	mux.HandleFunc("GET /services/collector/health", s.health)
	mux.HandleFunc("GET /services/collector/health/1.0", s.health)
	return mux
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if s.config.Health != nil {
		write(w, *s.config.Health, nil)
		return
	}
	write(w, Answer{Status: http.StatusOK, Code: 17, Text: "HEC is healthy"}, nil)
}
