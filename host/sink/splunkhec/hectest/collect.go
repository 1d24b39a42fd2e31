package hectest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// envelope is one event as it is sent. An unknown key is refused, so that a misspelt one shows.
// https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
type envelope struct {
	Time       json.Number     `json:"time"`
	Host       string          `json:"host"`
	Source     string          `json:"source"`
	Sourcetype string          `json:"sourcetype"`
	Index      string          `json:"index"`
	Event      json.RawMessage `json:"event"`
	Fields     json.RawMessage `json:"fields"`

	id  string
	raw []byte
}

func (s *Server) collect(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.posts++
	s.mu.Unlock()
	if refused := s.authorize(r); refused != nil {
		write(w, *refused, nil)
		return
	}
	body, err := s.body(r)
	switch {
	case errors.Is(err, errTooLong): // Splunk answers a page, not JSON
		write(w, Answer{Status: http.StatusRequestEntityTooLarge, Body: "<html><body>too large</body></html>"}, nil)
		return
	case errors.Is(err, errEncoding):
		write(w, Answer{Status: http.StatusUnsupportedMediaType, Body: "<html><body>encoding</body></html>"}, nil)
		return
	case err != nil:
		write(w, Answer{Status: http.StatusBadRequest, Code: 6, Text: "Invalid data format"}, nil)
		return
	}
	if len(body) == 0 && s.config.Empty != nil {
		if a := s.config.Empty(); a != nil {
			write(w, *a, nil)
			return
		}
	}
	events, refused := parse(body)
	if refused != nil {
		write(w, *refused, nil)
		return
	}
	for n, e := range events {
		if s.config.Indexes != nil && !slices.Contains(s.config.Indexes, e.Index) {
			write(w, *bad(7, "Incorrect index", n), nil)
			return
		}
	}
	s.decide(w, r, events, len(body))
}

// decide answers a well-formed request.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, events []envelope, size int) {
	s.mu.Lock()
	s.requests++
	number := s.requests
	s.mu.Unlock()
	if s.config.Answer != nil {
		request := Request{Number: number, Bytes: size}
		for _, e := range events {
			request.IDs = append(request.IDs, e.id)
		}
		if a := s.config.Answer(request); a != nil {
			s.record(events[:a.Taken])
			if a.Cut {
				panic(http.ErrAbortHandler)
			}
			write(w, *a, nil)
			return
		}
	}
	ackID, refused := s.ackFor(r)
	if refused != nil {
		write(w, *refused, nil)
		return
	}
	s.record(events)
	write(w, Answer{Status: http.StatusOK, Text: "Success"}, ackID)
}

func (s *Server) record(events []envelope) {
	s.write(events) // first, so that whoever waits for an event finds it written
	for _, e := range events {
		s.Events.Add(e.id, e.Event)
	}
}

func (s *Server) write(events []envelope) {
	if s.config.Output == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		_, _ = s.config.Output.Write(append(e.raw[:len(e.raw):len(e.raw)], '\n')) // a receiver's own copy; no promise
	}
}

func (s *Server) authorize(r *http.Request) *Answer {
	s.mu.Lock()
	want := s.token
	s.mu.Unlock()
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Splunk ")
	switch {
	case !ok:
		return &Answer{Status: http.StatusUnauthorized, Code: 2, Text: "Token is required"}
	case s.config.Refuse != nil:
		return s.config.Refuse
	case want != "" && token != want:
		return &Answer{Status: http.StatusForbidden, Code: 4, Text: "Invalid token"}
	}
	return nil
}

var (
	errTooLong  = errors.New("body too long")
	errEncoding = errors.New("unknown content encoding")
)

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
		return nil, errEncoding
	}
	body, err := io.ReadAll(io.LimitReader(plain, int64(s.config.MaxContent)+1))
	if len(body) > s.config.MaxContent {
		return nil, errTooLong
	}
	return body, err
}

// parse takes the envelopes out of a body, or says what the collector answers to the first bad one.
func parse(body []byte) (events []envelope, refused *Answer) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	for n := 0; ; n++ {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			break
		}
		e := envelope{raw: raw}
		if err == nil {
			strict := json.NewDecoder(bytes.NewReader(raw))
			strict.DisallowUnknownFields()
			err = strict.Decode(&e)
		}
		if err != nil {
			return nil, bad(6, "Invalid data format", n)
		}
		if refused := e.check(n); refused != nil {
			return nil, refused
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, &Answer{Status: http.StatusBadRequest, Code: 5, Text: "No data"}
	}
	return events, nil
}

func bad(code int, text string, n int) *Answer {
	return &Answer{Status: http.StatusBadRequest, Code: code, Text: text, Invalid: &n}
}

// check refuses what Splunk refuses, and takes the event's id.
func (e *envelope) check(n int) *Answer {
	switch string(e.Event) {
	case "":
		return bad(12, "Event field is required", n)
	case `""`, "null", "{}":
		return bad(13, "Event field cannot be blank", n)
	}
	if e.Fields == nil {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(e.Fields, &fields) != nil {
		return bad(6, "Invalid data format", n)
	}
	for name, value := range fields {
		var one string
		var list []string
		if json.Unmarshal(value, &one) != nil && json.Unmarshal(value, &list) != nil {
			return bad(15, "Error in handling indexed fields", n)
		}
		if name == "event_id" {
			e.id = one
		}
	}
	return nil
}

// write sends an answer as JSON, or its Body.
func write(w http.ResponseWriter, a Answer, ackID *int64) {
	if a.RetryAfter != "" {
		w.Header().Set("Retry-After", a.RetryAfter)
	}
	if a.Location != "" {
		w.Header().Set("Location", a.Location)
	}
	if a.Body != "" {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(a.Status)
		fmt.Fprint(w, a.Body)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.Status)
	_ = json.NewEncoder(w).Encode(struct { // a client that went away gets no answer
		Text    string `json:"text"`
		Code    int    `json:"code"`
		Invalid *int   `json:"invalid-event-number,omitempty"`
		AckID   *int64 `json:"ackId,omitempty"`
	}{a.Text, a.Code, a.Invalid, ackID})
}
