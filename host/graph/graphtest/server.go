package graphtest

import (
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Options say what the server pretends to be. The zero value is good; New fills what is empty.
type Options struct {
	Tenant   string // the directory's GUID
	ClientID string // the application that may ask
	Secret   string // its client secret, obviously a fake one
	Audience string // what tokens must be for; default https://graph.microsoft.com
	PageSize int    // objects in a page, at most; default 100
}

// Server is the service. Its methods may be called while it serves.
type Server struct {
	options Options
	http    *httptest.Server

	mu          sync.Mutex
	collections map[string]*collection
	faults      []*Fault
	tokens      map[string]bool
	forgotten   int // delta tokens up to this one are gone
	change      int // counts Put and Remove
	requests    []string
}

// New starts a server on a loopback port; Close stops it.
func New(o Options) *Server {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&o.Tenant, "a4c8e2f6-1b3d-4f5a-8e7c-9d0b2a4c6e81"},
		{&o.ClientID, "7d1e9b52-4c3a-4b8f-a6d0-2f5c8e1b9a34"},
		{&o.Secret, "fake-secret-of-the-graph"},
		{&o.Audience, "https://graph.microsoft.com"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	s := &Server{options: o, collections: map[string]*collection{}, tokens: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+o.Tenant+"/v2.0/.well-known/openid-configuration", s.serveDiscovery)
	mux.HandleFunc("POST /"+o.Tenant+"/oauth2/v2.0/token", s.serveToken)
	mux.HandleFunc("GET /v1.0/{path...}", s.serve)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment.")
	})
	s.http = httptest.NewUnstartedServer(mux)
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that go away are no news
	s.http.StartTLS()
	return s
}

// Options are the options with the defaults filled in: the ids and the secret that a client needs.
func (s *Server) Options() Options { return s.options }

// URL is the server's address, https://127.0.0.1:port. It is also the authority host for tokens and, without a path, a
// client's endpoint.
func (s *Server) URL() string { return s.http.URL }

// CAPEM is the certificate to trust, in PEM.
func (s *Server) CAPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
}

// Close stops the server when it has answered what it was asked.
func (s *Server) Close() error {
	s.http.Close()
	return nil
}

// ExpireTokens makes all tokens handed out so far worthless, though their holders believe in them.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Requests are the paths and queries that were asked for so far, tokens not counted.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// serveDiscovery answers what an identity client asks before its first token.
// https://openid.net/specs/openid-connect-discovery-1_0.html
func (s *Server) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	base := s.http.URL + "/" + s.options.Tenant
	answer(w, http.StatusOK, map[string]any{
		"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
	})
}

// serveToken is the client credentials grant.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", "AADSTS900144: The request body can't be read as a form.")
		return
	}
	scope, _, _ := strings.Cut(r.PostForm.Get("scope"), " ")
	switch {
	case r.PostForm.Get("client_id") != s.options.ClientID:
		refuse(w, http.StatusBadRequest, "unauthorized_client", "AADSTS700016: The application was not found in the directory.")
	case r.PostForm.Get("client_secret") != s.options.Secret:
		refuse(w, http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
	case scope != s.options.Audience+"/.default":
		refuse(w, http.StatusBadRequest, "invalid_scope", "AADSTS1002012: The scope is not one of Microsoft Graph.")
	default:
		token := "emulated." + rand.Text()
		s.mu.Lock()
		s.tokens[token] = true
		s.mu.Unlock()
		answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token})
	}
}

// refuse answers in the shape of Entra ID.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func refuse(w http.ResponseWriter, status int, code, reason string) {
	answer(w, status, map[string]any{"error": code, "error_description": reason})
}

// fail answers in the shape of Microsoft Graph. https://learn.microsoft.com/graph/errors
func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": "2026-03-03T10:15:42", "request-id": "5c2e3c57-0000-4000-8000-0000000000fe"},
	}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
