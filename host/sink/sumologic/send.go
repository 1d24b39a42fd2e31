package sumologic

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// batch is the body of one request, and which events it holds. They are of one table.
type batch struct {
	table  string
	body   []byte // a line for each event
	events []int  // places of the events in the Send
	ends   []int  // where each ends in body
}

// part is the body with the events from..to.
func (b *batch) part(from, to int) []byte {
	start := 0
	if from > 0 {
		start = b.ends[from-1]
	}
	return b.body[start:b.ends[to-1]]
}

// delivery is one Send under way.
type delivery struct {
	*Sink
	events []enrich.Event

	mu       sync.Mutex
	bytes    int64
	rejected []pipeline.Rejection
	// shortened are the places of events that had to be shortened.
	shortened []int
}

// pack fills b with events from place next on and returns the place after the last.
func (d *delivery) pack(b *batch, next int) int {
	b.table, b.body, b.events, b.ends = d.events[next].Table, b.body[:0], b.events[:0], b.ends[:0]
	limit := d.limit.Bytes()
	for ; next < len(d.events) && d.events[next].Table == b.table; next++ {
		before := len(b.body)
		body, short, err := appendLine(b.body, &d.events[next], d.config.MaxEvent)
		if err != nil {
			d.reject(next, err.Error())
			continue
		}
		if b.body = body; len(body) > limit && before > 0 {
			b.body = body[:before]
			break
		}
		if short {
			d.shorten(next)
		}
		b.events, b.ends = append(b.events, next), append(b.ends, len(body))
	}
	return next
}

// appendLine appends the event as a line, shortened if it is longer than limit, or says why it can't.
func appendLine(dst []byte, e *enrich.Event, limit int) (out []byte, short bool, err error) {
	start := len(dst)
	if out, err = eventjson.Append(dst, e); err != nil {
		return dst, false, err
	}
	if excess := len(out) - start - limit; excess > 0 {
		var shorter enrich.Event
		if shorter, short = eventjson.Shorten(e, excess); short {
			out, err = eventjson.Append(dst, &shorter)
		}
		if !short || err != nil || len(out)-start > limit {
			return dst, false, fmt.Errorf("longer than max_event (%d bytes) even when shortened", limit)
		}
	}
	return append(out, '\n'), short, nil
}

// deliver sends the events from..to of b. It cuts the request where the source refuses it for its size or its content,
// so that each event ends up delivered or rejected for what it is.
func (d *delivery) deliver(ctx context.Context, b *batch, from, to int) error {
	if from >= to {
		return nil
	}
	part := b.part(from, to)
	r, sent, err := d.request(ctx, b.table, part)
	if err != nil {
		return err
	}
	switch v := r.verdict(); {
	case v == delivered:
		d.add(sent)
		return nil
	case v == failed || v == denied:
		return r.err()
	case to-from == 1 && v == tooLarge:
		return d.deliverShortened(ctx, b.table, b.events[from], len(part))
	case to-from == 1:
		d.reject(b.events[from], r.String())
		return nil
	case v == tooLarge:
		d.limit.Refused(len(part))
	}
	middle := (from + to) / 2
	if err := d.deliver(ctx, b, from, middle); err != nil {
		return err
	}
	return d.deliver(ctx, b, middle, to)
}

// deliverShortened sends one event that was too large alone, shorter and shorter, and rejects it when that doesn't help.
func (d *delivery) deliverShortened(ctx context.Context, table string, at, size int) error {
	for want := size / 2; want >= minEvent; want /= 2 {
		body, _, err := appendLine(nil, &d.events[at], want)
		if err != nil {
			break
		}
		r, sent, err := d.request(ctx, table, body)
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
	d.reject(at, "too large for the source even when shortened")
	return nil
}

func (d *delivery) add(sent int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes += int64(sent)
}

func (d *delivery) reject(at int, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = append(d.rejected, pipeline.Rejection{Index: at, Reason: reason})
}

// manyEvents is how many events must be refused, all for one reason, for the fault to be the receiver's.
const manyEvents = 10

func (d *delivery) receipt() (pipeline.Receipt, error) {
	r := pipeline.Receipt{Events: len(d.events) - len(d.rejected), Bytes: d.bytes, Promise: pipeline.Accepted, Shortened: sorted(d.shortened)}
	if len(d.rejected) == 0 {
		return r, nil
	}
	reason := d.rejected[0].Reason
	alike := !slices.ContainsFunc(d.rejected, func(other pipeline.Rejection) bool { return other.Reason != reason })
	if alike && len(d.rejected) >= max(manyEvents, len(d.events)) {
		return pipeline.Receipt{}, fmt.Errorf("the source refuses every event, %q: does url_file hold the address of an HTTP Logs source?", reason)
	}
	slices.SortFunc(d.rejected, func(a, b pipeline.Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return r, &pipeline.PartialError{Rejected: d.rejected}
}

func (d *delivery) shorten(at int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shortened = append(d.shortened, at)
}

// sorted is a list of places, each once.
func sorted(at []int) []int {
	slices.Sort(at)
	return slices.Compact(at)
}
