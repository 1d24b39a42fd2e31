package splunkhec

import (
	"context"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/delivery"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// leastEvent is the size below which an event is not shortened any more.
const leastEvent = 2 << 10

// newSender is how events become requests to the collector.
func (s *Sink) newSender(c Config) *delivery.Sender {
	return &delivery.Sender{
		Doing: "send to Splunk at " + c.URL, Receiver: "collector",
		Limit: endpoint.NewLimit(c.BatchBytes, minBatch), Kept: 2 * c.BatchBytes, Requests: c.Requests, Least: leastEvent,
		Encoder: s.newAppend, Shorter: s.shorter, Post: s.answer, AllRefused: s.allRefused,
		Promise: func() pipeline.Promise { return promise(s.ack.Load()) },
	}
}

// newAppend appends envelopes, whose headers are kept from one event to the next.
func (s *Sink) newAppend() delivery.Append {
	h := headers{}
	return func(dst []byte, e *enrich.Event) ([]byte, bool, error) {
		body, err := s.encoder.append(dst, e, h)
		return body, false, err
	}
}

func (s *Sink) shorter(e *enrich.Event, size, want int) ([]byte, bool) {
	short, ok := s.encoder.shape.Shorten(e, size-want)
	if !ok {
		return nil, false
	}
	body, err := s.encoder.append(nil, &short, headers{})
	return body, err == nil
}

// answer posts envelopes and says what the collector's reply means for them.
func (s *Sink) answer(ctx context.Context, _ string, body []byte) (delivery.Answer, error) {
	r, sent, err := s.request(ctx, body)
	if err != nil {
		return delivery.Answer{}, err
	}
	if r.verdict() == delivered {
		return delivery.Answer{Verdict: delivery.Delivered, Sent: sent}, nil
	}
	a := delivery.Answer{Sent: sent, Reason: r.reason(), Number: r.Invalid, Err: r.err()}
	switch v := r.verdict(); {
	case v == invalid:
		a.Verdict = delivery.Invalid
	case v == tooLarge:
		a.Verdict = delivery.TooLarge
	case v == wrongIndex && s.encoder.perTable: // where the index follows from the table
		a.Verdict = delivery.WrongTable
	case v == denied:
		a.Blame = func(ctx context.Context) (bool, error) { return s.blamesEvents(ctx, r) }
	}
	return a, nil
}

// blamesEvents finds out whether a reply that refuses the token is about the events. If it isn't, no batch goes out until the token
// is good again.
func (s *Sink) blamesEvents(ctx context.Context, r reply) (bool, error) {
	if r.Code == nil { // not the collector's words: a firewall may dislike what an event holds
		content, err := s.blames(ctx, r.from)
		if content || err != nil {
			return content, err
		}
	}
	s.gate.close(r, time.Now())
	return false, nil
}

// allRefused says that no event is to blame where every one was refused, unless the collector has taken others and still understands
// how requests are written.
func (s *Sink) allRefused(ctx context.Context, reason string, took bool) error {
	if took {
		content, err := s.blames(ctx, "")
		if content || err != nil {
			return err
		}
	}
	return &pipeline.RetryAfter{Wait: deniedWait, Err: fmt.Errorf(
		"the collector refuses every event, %q: is it a Splunk collector, and does it take gzip?", reason)}
}

// slowdown is the pause between requests while the collector's queues are nearly full.
const slowdown = time.Second

// request posts body, once more if the token turns out to have changed, and waits for the acknowledgement if there
// are any. Sent is the size of the request's body.
func (s *Sink) request(ctx context.Context, body []byte) (r reply, sent int, err error) {
	if err := s.pace(ctx); err != nil {
		return r, 0, err
	}
	if err := s.pass(ctx); err != nil {
		return r, 0, err
	}
	packed := s.bodies.Pack(body, s.config.Gzip)
	defer s.bodies.Put(packed)
	ctx = packed.Lend(ctx)
	for try := 1; ; try++ {
		token, err := s.token.Get()
		if err != nil {
			return r, 0, err
		}
		if r, err = s.post(ctx, token, packed.Bytes()); err != nil {
			return r, 0, err
		}
		if r.verdict() == denied && try == 1 {
			changed, err := s.token.Reread(token)
			if err != nil {
				return r, 0, err
			}
			if changed {
				continue
			}
		}
		failpoint.Hit(failpoint.RequestAnswered)
		switch {
		case r.nearFull():
			s.slowDown(slowdown)
		case r.verdict() == busy && r.wait > 0:
			s.slowDown(r.wait)
		}
		return r, packed.Len(), nil
	}
}
