package graphtest

import (
	"fmt"
	"net/http"
)

// Fault makes requests fail.
type Fault struct {
	Path    string            // requests whose path or query contains it
	Times   int               // how many of them; 0 for all from now on
	Status  int               // answered instead, with the service's kind of error; 0 for a 200 with Body
	Code    string            // the error's code
	Message string            // and its words
	Header  map[string]string // such as Retry-After
	Body    string            // of a 200
	Cut     bool              // break the connection behind the body, which promises more
	Hold    <-chan struct{}   // answer only when it is closed, or the client has gone
}

// Fail adds a fault. The first one that fits a request counts.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend forgets all faults.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Refuse makes requests fail as those without the permission that they need do.
func (s *Server) Refuse(path string) {
	s.Fail(Fault{
		Path: path, Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.",
	})
}

// answer answers a request with the fault, and reports whether there was one.
func (f *Fault) answer(w http.ResponseWriter, r *http.Request) bool {
	if f == nil {
		return false
	}
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-r.Context().Done():
		}
	}
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	switch {
	case f.Status != 0:
		fail(w, f.Status, f.Code, f.Message)
	case f.Cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(f.Body)+100))
		_, _ = fmt.Fprint(w, f.Body) // the client may have gone
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	default:
		_, _ = fmt.Fprint(w, f.Body) // the client may have gone
	}
	return true
}
