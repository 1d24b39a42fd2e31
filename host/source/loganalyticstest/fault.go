package loganalyticstest

import (
	"net/http"
	"slices"
	"time"
)

// Fault is how one query goes wrong. Its parts can be combined; the zero value is no fault.
type Fault struct {
	// Status and Code answer with an error instead of rows; Code may be left to the server. RetryAfter, in seconds,
	// goes into the header. 204 has no body.
	Status     int
	Code       string
	RetryAfter int
	// Empty answers 200 with nothing in it.
	Empty bool
	// Rows cuts the reply to so many rows and adds a PartialError; with NoRows it has none.
	Rows   int
	NoRows bool
	// Cut ends the connection after so many bytes of the body, compressed as they are sent.
	Cut int
	// Delay passes before the first byte, Drip between pieces of DripBytes (default 1 KiB).
	Delay, Drip time.Duration
	DripBytes   int
	// Hang answers nothing until the client goes away.
	Hang bool
	// ExpireToken refuses the token of this query, and all others handed out so far.
	ExpireToken bool
}

// Request is what the server remembers of a query.
type Request struct {
	Number  int // from 1
	Time    time.Time
	Query   string
	Table   string      // "" when the query could not be read
	Header  http.Header // without Authorization
	Status  int         // 0 when the connection was cut or left hanging
	Rows    int         // rows that were sent
	Bytes   int64       // bytes of the body, as sent
	Partial bool        // with a PartialError
}

// Fail makes the next queries go wrong, one fault a query, after those that were queued before.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Hook has decide choose the fault of each query for which none is queued; nil ends that. Of the request it sees
// what is known before the answer. It runs while the query waits and must not call the server's Hook or Fail.
func (s *Server) Hook(decide func(Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = decide
}

// Requests are the queries so far, in the order in which their answers ended.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// begin numbers a query and chooses its fault.
func (s *Server) begin(r *Request) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	r.Number, r.Time = s.begun, s.options.Now()
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		return f
	}
	if s.hook != nil {
		return s.hook(*r)
	}
	return Fault{}
}

func (s *Server) end(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// defaultCode is the service's error code for a status.
func defaultCode(status int) (code, message string) {
	switch status {
	case http.StatusTooManyRequests:
		return "ThrottledError", "Too many requests: the limit of 200 requests per 30 seconds was exceeded"
	case http.StatusUnauthorized:
		return "AuthenticationFailed", "Authentication failed"
	case http.StatusForbidden:
		return "InsufficientAccessError", "The provided credentials have insufficient access to perform the requested operation"
	case http.StatusNotFound:
		return "WorkspaceNotFoundError", "The workspace could not be found"
	case http.StatusGatewayTimeout:
		return "GatewayTimeout", "The gateway did not receive a response in time: Unable to unzip response"
	case http.StatusServiceUnavailable:
		return "ServiceUnavailable", "The service is temporarily unavailable"
	}
	return "InternalServerError", "An unexpected error occurred"
}
