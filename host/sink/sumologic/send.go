package sumologic

import (
	"context"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/delivery"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// newSender is how events become requests to the source, each for one table, as its headers name the table.
func (s *Sink) newSender(c Config) *delivery.Sender {
	return &delivery.Sender{
		Doing: "send to Sumo Logic", Receiver: "source", OneTable: true,
		Limit: endpoint.NewLimit(c.BatchBytes, minBatch), Kept: 2 * c.BatchBytes, Requests: c.Requests, Least: minEvent,
		Encoder: func() delivery.Append {
			return func(dst []byte, e *enrich.Event) ([]byte, bool, error) {
				return appendLine(dst, c.shape(), e, c.MaxEvent)
			}
		},
		Shorter: func(e *enrich.Event, _, want int) ([]byte, bool) {
			body, _, err := appendLine(nil, c.shape(), e, want)
			return body, err == nil
		},
		Post: s.answer, AllRefused: allRefused,
		Promise: func() pipeline.Promise { return pipeline.Accepted },
	}
}

// shape is how events are written.
func (c Config) shape() eventjson.Shape { return eventjson.Shape{ExpandJSON: c.ExpandJSON} }

// appendLine appends the event as a line, shortened if it is longer than limit, or says why it can't.
func appendLine(dst []byte, shape eventjson.Shape, e *enrich.Event, limit int) (out []byte, short bool, err error) {
	start := len(dst)
	if out, err = shape.Append(dst, e); err != nil {
		return dst, false, err
	}
	if excess := len(out) - start - limit; excess > 0 {
		var shorter enrich.Event
		if shorter, short = shape.Shorten(e, excess); short {
			out, err = shape.Append(dst, &shorter)
		}
		if !short || err != nil || len(out)-start > limit {
			return dst, false, fmt.Errorf("longer than max_event (%d bytes) even when shortened", limit)
		}
	}
	return append(out, '\n'), short, nil
}

// answer posts lines of a table and says what the source's reply means for them.
func (s *Sink) answer(ctx context.Context, table string, lines []byte) (delivery.Answer, error) {
	r, sent, err := s.request(ctx, table, lines)
	if err != nil {
		return delivery.Answer{}, err
	}
	switch r.verdict() {
	case delivered:
		return delivery.Answer{Verdict: delivery.Delivered, Sent: sent}, nil
	case invalid:
		return delivery.Answer{Verdict: delivery.Invalid, Reason: r.String(), Err: r.err()}, nil
	case tooLarge:
		return delivery.Answer{Verdict: delivery.TooLarge, Err: r.err()}, nil
	}
	return delivery.Answer{Err: r.err()}, nil
}

// allRefused blames the address: a source that takes events at all doesn't refuse many for one reason.
func allRefused(_ context.Context, reason string, _ bool) error {
	return fmt.Errorf("the source refuses every event, %q: does url_file hold the address of an HTTP Logs source?", reason)
}
