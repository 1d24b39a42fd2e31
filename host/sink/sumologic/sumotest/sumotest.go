// Package sumotest is an HTTP source of Sumo Logic for tests: it checks what it gets strictly, answers as Sumo Logic
// does, fails on demand and records events by id.
package sumotest

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/riskrelay/riskrelay/host/sink/received"
)

// Config says how a Server behaves. The zero value takes everything.
type Config struct {
	MaxBody int // bytes of a request's body, uncompressed, above which it answers 413; 0 means 16 MiB
	// Answer may decide what happens to a request: nil means the usual. It is called for well-formed requests with a good
	// code and may be called from several goroutines at once.
	Answer func(Request) *Answer
	TLS    *tls.Config // nil for plain HTTP
}

// Request is what came.
type Request struct {
	Number int // from 1
	Header http.Header
	IDs    []string // the event ids, in order
}

// Answer is a reply that differs from the usual.
type Answer struct {
	Status      int
	RetryAfter  string // header
	ContentType string // header
	Body        string
	Taken       bool // the events are recorded all the same
	Cut         bool // close the connection instead of answering
}

// Server is a source that runs until Close.
type Server struct {
	Events received.Log // what was accepted, by event id; the content is the line as it was sent

	config Config
	http   *httptest.Server

	mu        sync.Mutex
	code      string
	requests  int
	malformed []error
}

// path is what the address of a source has before its code.
const path = "/receiver/v1/http/"

// Start starts a source with some code.
func Start(c Config) *Server {
	if c.MaxBody == 0 {
		c.MaxBody = 16 << 20
	}
	s := &Server{config: c, code: "ZmFrZS1jb2Rl-1"}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	if c.TLS == nil {
		s.http.Start()
	} else {
		s.http.TLS = c.TLS
		s.http.StartTLS()
	}
	return s
}

// URL is the source's address, with its code.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.http.URL + path + s.code
}

// Regenerate changes the code: the old address is unknown from now on.
func (s *Server) Regenerate(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = code
}

// Close stops the source.
func (s *Server) Close() { s.http.Close() }

// Requests is how many well-formed requests came.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Malformed are the requests that no source would get from a good client, as errors.
func (s *Server) Malformed() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.malformed...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	known := r.URL.Path == path+s.code
	s.mu.Unlock()
	if !known {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := s.body(r)
	if errors.Is(err, errTooLong) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	lines, ids, parseErr := parse(body)
	if err = errors.Join(err, parseErr); err != nil || r.Method != http.MethodPost {
		s.mu.Lock()
		s.malformed = append(s.malformed, fmt.Errorf("%s: %w", r.Method, err))
		s.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.answer(w, r, lines, ids)
}

// answer answers a well-formed request.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, lines [][]byte, ids []string) {
	s.mu.Lock()
	s.requests++
	number := s.requests
	s.mu.Unlock()
	a := Answer{Status: http.StatusOK, Taken: true}
	if s.config.Answer != nil {
		if other := s.config.Answer(Request{Number: number, Header: r.Header, IDs: ids}); other != nil {
			a = *other
		}
	}
	for i, line := range lines {
		if a.Taken {
			s.Events.Add(ids[i], line)
		}
	}
	if a.Cut {
		panic(http.ErrAbortHandler)
	}
	for name, value := range map[string]string{"Retry-After": a.RetryAfter, "Content-Type": a.ContentType} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(a.Status)
	fmt.Fprint(w, a.Body)
}

var errTooLong = errors.New("body too long")

func (s *Server) body(r *http.Request) ([]byte, error) {
	var plain io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		plain = unzipped
	default:
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	body, err := io.ReadAll(io.LimitReader(plain, int64(s.config.MaxBody)+1))
	if len(body) > s.config.MaxBody {
		return nil, errTooLong
	}
	return body, err
}

// parse takes the events out of a body: a line for each, as a source that doesn't look for multiline messages does.
func parse(body []byte) (lines [][]byte, ids []string, err error) {
	for line := range bytes.Lines(body) {
		text, ok := bytes.CutSuffix(line, []byte("\n"))
		if !ok {
			return nil, nil, errors.New("the last line has no end")
		}
		var event struct {
			ID *string `json:"event_id"`
		}
		if err := json.Unmarshal(text, &event); err != nil || event.ID == nil {
			return nil, nil, fmt.Errorf("line %.100q is no event: %w", text, err)
		}
		lines, ids = append(lines, text), append(ids, *event.ID)
	}
	return lines, ids, nil
}
