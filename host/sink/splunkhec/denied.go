package splunkhec

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// gate is shut while the collector refuses the token: then one small question after another asks whether it is good again, and
// not every batch.
type gate struct {
	mu   sync.Mutex
	shut bool
	next time.Time // no question before
	last reply     // what the collector said last
}

func (g *gate) close(r reply, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut, g.last, g.next = true, r, now.Add(deniedWait)
}

// pass returns nil when the token is good as far as is known. A shut gate asks the collector, once in deniedWait.
func (s *Sink) pass(ctx context.Context) error {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	if !s.gate.shut {
		return nil
	}
	now := time.Now()
	if now.Before(s.gate.next) {
		return s.gate.last.err()
	}
	if _, err := s.token.Reread(""); err != nil {
		return err
	}
	r, err := s.probe(ctx, "")
	if err != nil {
		return err
	}
	if r.verdict() == denied {
		s.gate.last, s.gate.next = r, now.Add(deniedWait)
		return r.err()
	}
	s.gate.shut = false
	return nil
}

// proved returns nil when what answers for c is a collector as far as is known. A stranger is asked before the next batch, as a reply
// may only have been cut, and then each deniedWait, by a request without events. It is one until it answers that as a
// collector does; the reply is its last answer.
func (s *Sink) proved(ctx context.Context, c *collector, now time.Time) (*reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stranger == nil || now.Before(c.next) {
		return c.stranger, nil
	}
	r, err := s.probe(ctx, c.name)
	if err != nil {
		return c.stranger, err
	}
	if r.status == http.StatusBadRequest && r.is(codeNoData, codeBadData) {
		c.stranger = nil
		return nil, nil
	}
	if r.verdict() != stranger { // it is down, say: what it was known for stands
		r = *c.stranger
	}
	r.asked = true
	c.stranger, c.next = &r, now.Add(deniedWait)
	return c.stranger, nil
}

// probe posts a request without events to the collector called name, or to any that answers: it judges the token first, and then
// complains that there is no data.
func (s *Sink) probe(ctx context.Context, name string) (r reply, err error) {
	token, err := s.token.Get()
	if err != nil {
		return reply{}, err
	}
	packed := s.bodies.Pack(nil, s.config.Gzip)
	defer s.bodies.Put(packed)
	ctx = packed.Lend(ctx)
	channel := ""
	if s.ack.Load() {
		channel = uuid.NewString()
	}
	for _, c := range s.collectors.order(time.Now()) {
		if name != "" && name != c.name {
			continue
		}
		r, err = s.callAt(ctx, c.base+"/event", token, channel, packed.Bytes(), s.config.Gzip)
		if r.from = c.name; err == nil || ctx.Err() != nil {
			break
		}
	}
	return r, err
}

// blames reports whether the collector called name ("" for any), and what is before it, takes our token and our way to write
// requests: then what it refuses it refuses for what is in there.
func (s *Sink) blames(ctx context.Context, name string) (bool, error) {
	r, err := s.probe(ctx, name)
	return r.is(codeNoData) || r.verdict() == delivered, err
}
