package splunkhec

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// batch is the body of one request, and which events it holds.
type batch struct {
	body   []byte
	events []int // places of the events in the Send
	ends   []int // where each ends in body

	refused int // events that were refused for what they are
}

// part is the body with the events from..to.
func (b *batch) part(from, to int) []byte {
	start := 0
	if from > 0 {
		start = b.ends[from-1]
	}
	return b.body[start:b.ends[to-1]]
}

// keep gives b back to be used again, unless one event has made it huge.
func (s *Sink) keep(b *batch) {
	if cap(b.body) <= max(endpoint.MaxKept, 2*s.config.BatchBytes) {
		s.batches.Put(b)
	}
}

// delivery is one Send under way.
type delivery struct {
	*Sink
	events  []enrich.Event
	headers headers

	mu       sync.Mutex
	bytes    int64
	rejected []pipeline.Rejection
	// shortened are the places of events that were taken only shortened.
	shortened []int
}

// pack fills b with events from place next on and returns the place after the last. It takes at least one event.
func (d *delivery) pack(b *batch, next int) int {
	b.body, b.events, b.ends, b.refused = b.body[:0], b.events[:0], b.ends[:0], 0
	limit := d.limit.Bytes()
	for ; next < len(d.events); next++ {
		before := len(b.body)
		body, err := d.encoder.append(b.body, &d.events[next], d.headers)
		if err != nil {
			d.reject(next, err.Error())
			continue
		}
		if b.body = body; len(body) > limit && before > 0 {
			b.body = body[:before]
			break
		}
		b.events, b.ends = append(b.events, next), append(b.ends, len(body))
	}
	return next
}

// deliver sends the events from..to of b. It cuts the request where the collector refuses events or the size, so
// that each event ends up delivered or rejected for what it is.
func (d *delivery) deliver(ctx context.Context, b *batch, from, to int) error {
	if from >= to {
		return nil
	}
	r, sent, err := d.request(ctx, b.part(from, to))
	if err != nil {
		return err
	}
	v, err := d.judge(ctx, r)
	if err != nil {
		return err
	}
	one := to-from == 1
	switch {
	case v == delivered:
		d.add(sent)
		return nil
	case v == invalid && one:
		b.refused++
		d.reject(b.events[from], r.reason())
		return nil
	case v == invalid:
		return d.bisect(ctx, b, from, to, r.Invalid)
	case v == tooLarge && one:
		return d.deliverShortened(ctx, b.events[from], len(b.part(from, to)))
	case v == tooLarge:
		d.limit.Refused(len(b.part(from, to)))
		return d.deliverParts(ctx, b, []int{from, (from + to) / 2, to})
	case v == wrongIndex:
		return d.deliverTables(ctx, b, from, to, r)
	}
	return r.err()
}

// bisect delivers events of which the collector refuses at least one, by its count the one with that number. When all parts
// but the last went well, that one holds the bad event, and isn't sent as it is.
func (d *delivery) bisect(ctx context.Context, b *batch, from, to int, number *int) error {
	cuts, before := suspects(from, to, number), b.refused
	last := len(cuts) - 2
	if err := d.deliverParts(ctx, b, cuts[:last+1]); err != nil {
		return err
	}
	if from = cuts[last]; b.refused == before && to-from > 1 {
		return d.bisect(ctx, b, from, to, nil)
	}
	return d.deliver(ctx, b, from, to)
}

func (d *delivery) deliverParts(ctx context.Context, b *batch, cuts []int) error {
	for i := 1; i < len(cuts); i++ {
		if err := d.deliver(ctx, b, cuts[i-1], cuts[i]); err != nil {
			return err
		}
	}
	return nil
}

// suspects cuts from..to so that the event the collector complained about stands alone. Sources disagree whether its
// number counts from 0 or 1, so both candidates do; without a number the request is halved.
func suspects(from, to int, number *int) []int {
	if number == nil || *number < 0 || *number > to-from {
		return []int{from, (from + to) / 2, to}
	}
	at := from + *number
	cuts := []int{from, max(from, at-1), at, min(at+1, to), to}
	cuts = slices.Compact(cuts)
	if len(cuts) == 2 {
		return []int{from, (from + to) / 2, to}
	}
	return cuts
}

// leastEvent is the size below which an event is not shortened any more.
const leastEvent = 2 << 10

// deliverShortened sends one event that was too large alone, shorter and shorter, and rejects it when that doesn't
// help.
func (d *delivery) deliverShortened(ctx context.Context, at, size int) error {
	for want := size / 2; want >= leastEvent; want /= 2 {
		short, ok := eventjson.Shorten(&d.events[at], size-want)
		if !ok {
			break
		}
		body, err := d.encoder.append(nil, &short, headers{})
		if err != nil {
			break
		}
		r, sent, err := d.request(ctx, body)
		switch {
		case err != nil:
			return err
		case r.verdict() == delivered:
			d.add(sent)
			d.shorten(at)
			return nil
		case r.verdict() == invalid:
			d.reject(at, r.String())
			return nil
		case r.verdict() != tooLarge:
			return r.err()
		}
	}
	d.reject(at, "too large for the collector even when shortened")
	return nil
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
