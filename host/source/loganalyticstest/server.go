package loganalyticstest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say what the server pretends to be. The zero value is good; New fills what is empty.
type Options struct {
	Workspace string // the workspace's GUID
	Tenant    string // the directory's GUID
	ClientID  string // the application that may read the workspace
	Secret    string // its client secret, obviously a fake one
	Audience  string // what tokens must be for; default https://api.loganalytics.io

	Now       func() time.Time // the server's clock; default time.Now
	TokenLife time.Duration    // default one hour
	RowLimit  int              // a reply with more rows is a PartialError; default 500,000, as in the service
	ByteLimit int              // the same for bytes of rows; default 64 MiB

	// Listener is where New listens, default a free port on 127.0.0.1. A test with fake time brings one in memory.
	Listener net.Listener
}

func (o *Options) fill() {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&o.Workspace, "3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13"},
		{&o.Tenant, "a4c8e2f6-1b3d-4f5a-8e7c-9d0b2a4c6e81"},
		{&o.ClientID, "7d1e9b52-4c3a-4b8f-a6d0-2f5c8e1b9a34"},
		{&o.Secret, "fake-secret-of-the-emulator"},
		{&o.Audience, "https://api.loganalytics.io"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	if o.RowLimit == 0 {
		o.RowLimit = 500_000
	}
	if o.ByteLimit == 0 {
		o.ByteLimit = 64 << 20
	}
}

// Server is one tenant with one workspace. Its methods may be called while it serves.
type Server struct {
	options Options
	store   *store
	tokens  *tokens
	mux     *http.ServeMux
	ca      []byte

	http *http.Server
	done chan struct{}
	idle *http.Transport // of Client

	mu       sync.Mutex
	faults   []Fault
	hook     func(Request) Fault
	requests []Request
	begun    int
}

// New starts a server on a loopback port; Close stops it.
func New(o Options) (*Server, error) {
	o.fill()
	config, ca, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	if o.Listener == nil {
		if o.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("listen for queries: %w", err)
		}
	}
	s := &Server{options: o, store: newStore(o.Workspace), ca: ca, done: make(chan struct{})}
	s.tokens = &tokens{options: &s.options, secret: o.Secret, issued: map[string]issuedToken{}}
	s.routes()
	s.http = &http.Server{Handler: s.mux, TLSConfig: config, ReadHeaderTimeout: time.Minute, ErrorLog: silent()}
	go func() {
		defer close(s.done)
		_ = s.http.ServeTLS(o.Listener, "", "") // always an error: the one that Close causes
	}()
	return s, nil
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", s.serveDiscovery)
	s.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.serveToken)
	s.mux.HandleFunc("POST /v1/workspaces/{workspace}/query", s.serveQuery)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		s.date(w)
		writeError(w, http.StatusNotFound, "PathNotFoundError", "The requested path does not exist")
	})
}

// Options are the options with the defaults filled in: the ids and the secret that a client needs.
func (s *Server) Options() Options { return s.options }

// URL is the server's address, https://127.0.0.1:port. It is also the authority host for tokens.
func (s *Server) URL() string { return "https://" + s.options.Listener.Addr().String() }

// Endpoint is the address of the query API, as an Azure client wants it configured.
func (s *Server) Endpoint() string { return s.URL() + "/v1" }

// CAPEM is the certificate of the authority that signed the server's, in PEM.
func (s *Server) CAPEM() []byte { return s.ca }

// Client trusts the server. Its connections end with Close.
func (s *Server) Client() *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle == nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.ca)
		s.idle = &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true,
		}
	}
	return &http.Client{Transport: s.idle}
}

// Close stops the server and cuts what is still being served.
func (s *Server) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.mu.Unlock()
	if idle != nil {
		idle.CloseIdleConnections()
	}
	err := s.http.Close()
	<-s.done
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
