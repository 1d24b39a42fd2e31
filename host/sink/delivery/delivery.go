// Package delivery sends events over HTTP in requests of many. It packs them, cuts a request that a receiver refuses until it is
// known which event is to blame, shortens what is too large alone, and says what became of each event. Read this file, then
// deliver.go; blame.go finds out whether it is the receiver that is to blame.
//
//	events ─pack─▶ request ─Post─▶ Answer ─┬─ Delivered: confirmed
//	                  ▲                    ├─ Invalid:   cut, at last rejected alone
//	                  └─ halves, tables ◀──┼─ TooLarge:  cut, at last shortened
//	                                       ├─ WrongTable: each table alone
//	                                       └─ Failed:    nothing is known, all events must be sent again
package delivery

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Verdict is what an answer means for the events in the request.
type Verdict int

// The verdicts.
const (
	Failed     Verdict = iota // nothing is known to be delivered
	Delivered                 // all are
	Invalid                   // one of them, at least, is refused for what it is
	TooLarge                  // the request is
	WrongTable                // the receiver has no place for the events of one of their tables
)

// Answer is what a receiver said to a request.
type Answer struct {
	Verdict Verdict
	Sent    int    // bytes of the request's body
	Reason  string // why an event was refused, for its dead letter: of Invalid and WrongTable
	// Number is which event of the request the receiver complains about, by its own count, which begins at 0 or 1; nil when it
	// doesn't say.
	Number *int
	// Err says why nothing was delivered: of all verdicts but Delivered.
	Err error
	// Blame reports whether what failed is the events' fault after all, which makes the verdict Invalid. It may ask the receiver.
	// Nil when that is known.
	Blame func(context.Context) (bool, error)
}

// Append appends an event to the body of a request. Shortened says that it had to leave something out, the error why the event can
// never be sent.
type Append func(dst []byte, e *enrich.Event) (body []byte, shortened bool, err error)

// Sender sends events to one receiver. Its methods may be called at the same time.
type Sender struct {
	Doing    string          // what it does, before its errors, such as "send to Sumo Logic"
	Receiver string          // what the receiver is in reasons, such as "source"
	Limit    *endpoint.Limit // bytes of a body; it shrinks when the receiver refuses the size
	Kept     int             // bytes of a body that is kept to be used again, at most
	Requests int             // of one Send under way
	OneTable bool            // the events of a request must be of one table
	Least    int             // bytes below which an event isn't shortened any more

	// Encoder returns what appends events for one Send. Only one goroutine calls it at a time.
	Encoder func() Append
	// Shorter returns a body with the event alone, which took size bytes, in about want; ok is false when there is none.
	Shorter func(e *enrich.Event, size, want int) (body []byte, ok bool)
	// Post sends a body with events of table, or, without OneTable, of any. An error means that nothing is known about the events.
	Post func(ctx context.Context, table string, body []byte) (Answer, error)
	// AllRefused decides what it means that every event of many was refused, for the same reason. Nil says that it is for what they
	// are; the error, that they must be sent again. Took says whether the receiver has taken any event since the start.
	AllRefused func(ctx context.Context, reason string, took bool) error
	// Promise is what a confirmation is worth.
	Promise func() pipeline.Promise

	took    atomic.Bool // the receiver has taken events since the start
	batches endpoint.Free[batch]
}

// Send delivers events, as [pipeline.Sink] says.
func (s *Sender) Send(ctx context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	d := &delivery{Sender: s, events: events}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.Requests)
	encode := s.Encoder()
	for next := 0; next < len(events); {
		b := s.batches.Get()
		next = d.pack(b, next, encode)
		group.Go(func() error {
			defer s.keep(b)
			return d.deliver(groupCtx, b, 0, len(b.events))
		})
	}
	if err := group.Wait(); err != nil {
		return pipeline.Receipt{}, fmt.Errorf("%s: %w", s.Doing, err)
	}
	return d.receipt(ctx)
}

// keep gives b back to be used again, unless one event has made it huge.
func (s *Sender) keep(b *batch) {
	if cap(b.body) <= max(endpoint.MaxKept, s.Kept) {
		s.batches.Put(b)
	}
}
