// Package pipeline moves events from a source, through the enricher, to the sinks, and writes down how far each
// sink is. Read this file first: it holds the three contracts that everything under host is built from.
//
//	Source --Batch--> Enricher --Batch--> Sink, Sink, ...   and, when a sink has confirmed: Ledger
//
// The promise: a mark advances only after the sink confirmed everything before it. So a crash loses nothing; what
// was not confirmed is read and sent again, with the same event ids.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Window is a stretch of one stream: the unit of work, of retry and of proof. From is inside, To is not; both are
// ingestion times. A source without ingestion times (a file) leaves them zero.
type Window struct {
	Stream   string
	From, To time.Time
	// Slot of Slots: the rows whose hash(_ItemId, Slots) is Slot. Slots of 0 means all rows.
	Slot, Slots int
}

// Mark is how far a window was read, in words that only its source understands: the last row of a batch. "" is the
// window's beginning.
type Mark string

// Batch is a run of events of one stream, in the window's order.
type Batch struct {
	Events []enrich.Event
	Next   Mark // where to go on when all these events are confirmed
	// Runs are when the events were ingested, nil where a source doesn't know.
	Runs []Run
	// Fresh says that the window is read from its beginning after all, though the reading was asked to start at a mark:
	// what was tallied before counts no more.
	Fresh bool
}

// Source reads rows.
type Source interface {
	// Read calls deliver with the rows of w that come after the mark, in order, and returns nil only when the whole
	// window was read and complete. The batch belongs to deliver; an error from deliver ends the reading and is
	// returned as it is. ErrTooLarge says that the window must be cut; every other error that the window must be
	// read again from the last mark.
	Read(ctx context.Context, w Window, after Mark, deliver func(Batch) error) error
}

// ErrTooLarge says that a window holds more than one query can answer: read it in parts.
var ErrTooLarge = errors.New("window too large")

// RetryAfter is an error that tells how long to wait before the next try.
type RetryAfter struct {
	Wait time.Duration
	Err  error
}

func (e *RetryAfter) Error() string { return fmt.Sprintf("%v (asked to wait %v)", e.Err, e.Wait) }

// Unwrap returns the reason.
func (e *RetryAfter) Unwrap() error { return e.Err }

// Promise says what a sink's confirmation is worth.
type Promise string

// The promises, strongest first.
const (
	Indexed    Promise = "indexed"     // Splunk HEC with indexer acknowledgement
	Accepted   Promise = "accepted"    // Splunk HEC without: in the receiver's queue
	Received   Promise = "received"    // syslog over TCP or TLS: read by a live connection
	BestEffort Promise = "best effort" // syslog over UDP
	Written    Promise = "written"     // a file, synced
)

// Receipt is a sink's confirmation of one Send.
type Receipt struct {
	Events  int   // how many were confirmed
	Dead    int   // how many were refused for good and kept by DeadLetter
	Bytes   int64 // how many bytes went out, after compression
	Promise Promise
	DeadAt  []int // which of the events were refused for good
	// Shortened are those of the events that went out shortened, in order; some may have been refused all the same.
	Shortened []int
}

// Sink sends events somewhere.
type Sink interface {
	// Send returns once all events are confirmed, or with an error: a *PartialError names the events that can never
	// be taken (all others are confirmed), every other error means that nothing is known to be confirmed and that
	// the same events must be sent again. Send doesn't change or keep events and may be called from several goroutines.
	Send(ctx context.Context, events []enrich.Event) (Receipt, error)
	// Close ends connections. No Send may be running.
	Close() error
}

// Rejection is one event that a sink will never take.
type Rejection struct {
	Index  int    // into the events of the Send
	Reason string // the receiver's words
}

// PartialError says that some events of a Send were refused for good and all others are confirmed.
type PartialError struct{ Rejected []Rejection }

func (e *PartialError) Error() string {
	return fmt.Sprintf("%d events refused for good, first: %s", len(e.Rejected), e.Rejected[0].Reason)
}

// Stream is where windows come from: one table of one workspace, or one file.
type Stream struct {
	Name string // stable: the ledger's key, as [NewStream] and [FileStream] make it; nobody else takes it apart
	Kind StreamKind
	// Workspace is whose rows these are and Table which, as [NewStream] says; "" for files and what the host itself says.
	Workspace, Table string

	Source Source
	// Plan returns the window that begins at frontier, the end of what was planned so far (zero at the very first
	// start). When it is too early for the next window, ok is false and wait says how long. A stream that ends
	// returns ErrEnd. A window that begins later than frontier says that the rows in between can't be read any more.
	Plan func(ctx context.Context, frontier time.Time) (w Window, wait time.Duration, ok bool, err error)
	// Count returns how many rows of w were ingested in each minute, in order; minutes that w cuts hold what lies in w. It
	// costs little and gives way to reading. Its errors are those of Read. Nil is a source that can't tell.
	Count func(ctx context.Context, w Window) ([]Run, error)
	// Volatile streams can't be read a second time (standard input): they aren't written to the ledger, and every
	// sink is waited for.
	Volatile bool
	// Ended is nil but for a stream whose rows come of those of the others. It is called when all others have ended, and
	// only ErrEnd of Plan ends such a stream, also where the pipeline runs once.
	Ended func()
}

// ErrEnd is what Plan returns when nothing will ever follow.
var ErrEnd = errors.New("end of stream")

// ErrConflict says that somebody else changed a record: another host has taken over.
var ErrConflict = errors.New("the record was changed by somebody else")

// Ledger remembers streams over restarts.
type Ledger interface {
	// Open returns the record of a stream, an empty one when there is none.
	Open(stream string) (Record, error)
}

// Record is one stream's state on disk.
type Record interface {
	// State is a copy of the state.
	State() *State
	// Update changes the state and returns when it is on the disk. It changes nothing when change or the disk fails, or
	// when somebody else changed the record, which is ErrConflict.
	Update(change func(*State) error) error
}
