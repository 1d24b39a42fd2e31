package hectest

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// acks are the acknowledgements of one channel: ids count from 0, and an answer of true is forgotten once given.
type acks struct {
	next int64
	done map[int64]bool
}

// ackFor returns the acknowledgement id of a request, nil without acknowledgement.
func (s *Server) ackFor(r *http.Request) (*int64, *Answer) {
	if !s.config.Ack {
		return nil, nil
	}
	name := r.Header.Get("X-Splunk-Request-Channel")
	if name == "" {
		return nil, &Answer{Status: http.StatusBadRequest, Code: 10, Text: "Data channel is missing"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[name]
	if c == nil {
		c = &acks{done: map[int64]bool{}}
		s.channels[name] = c
	}
	id := c.next
	c.next++
	c.done[id] = true
	return &id, nil
}

func (s *Server) askAcks(w http.ResponseWriter, r *http.Request) {
	if refused := s.authorize(r); refused != nil {
		write(w, *refused, nil)
		return
	}
	if !s.config.Ack {
		write(w, Answer{Status: http.StatusBadRequest, Code: 14, Text: "ACK is disabled"}, nil)
		return
	}
	var question struct {
		Acks []int64 `json:"acks"`
	}
	if json.NewDecoder(r.Body).Decode(&question) != nil {
		write(w, Answer{Status: http.StatusBadRequest, Code: 6, Text: "Invalid data format"}, nil)
		return
	}
	answer := map[string]bool{}
	s.mu.Lock()
	c := s.channels[r.URL.Query().Get("channel")]
	for _, id := range question.Acks {
		answer[fmt.Sprint(id)] = c != nil && c.done[id]
		if c != nil {
			delete(c.done, id)
		}
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"acks": answer}) // a client that went away gets no answer
}

// ForgetAcks forgets every channel and acknowledgement, as a restart does.
func (s *Server) ForgetAcks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.channels)
}
