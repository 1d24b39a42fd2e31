package ledger

import (
	"errors"
	"fmt"
	"iter"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Errors of stores.
var (
	ErrNotFound = errors.New("no such key")
	// ErrConflict says that a value isn't at the expected revision: somebody else has changed it.
	ErrConflict = pipeline.ErrConflict
	// ErrLost says that the store doesn't hold any more what this process wrote.
	ErrLost = errors.New("the ledger's file was lost while in use")
	// ErrBatch says that a batch is not one that every store can make; no store makes it.
	ErrBatch = errors.New("the batch can't be written")
)

const (
	// MaxValue is the most bytes that a value may have: what a server of NATS takes as one message.
	MaxValue = 8 << 20
	// MaxBatch is the most changes that are made together, all or none: what NATS takes as one atomic batch.
	MaxBatch = 1000
)

// Store keeps values under keys, for the ledger and for whoever keeps something beside it. It asks for no more than a
// key-value store on several machines can do as well: compare-and-swap on single keys, and batches of that.
// Package ledgertest holds a store to what is said here. Methods may be called at the same time.
type Store interface {
	// Get returns what lies under a key, or ErrNotFound.
	Get(key Key) (Entry, error)
	// List yields what lies in a bucket under names that begin with prefix, sorted by the bytes of their names. What is
	// committed meanwhile is seen or not. An error is yielded last.
	List(bucket, prefix string) iter.Seq2[Entry, error]
	// Commit makes a batch, all of it or nothing, and returns the new revisions of the keys that it expects and puts. When it
	// returns, the batch outlives a crash. The error is
	//   - ErrConflict when a key isn't at the expected revision, and nothing was changed;
	//   - ErrLost when this process has read or written an expected record and the store lost it. Nothing was changed, and the next
	//     Commit with the same expectation begins anew;
	//   - ErrBatch for a batch that Check refuses;
	//   - another one when it isn't known whether the batch was made. The next Commit may expect what this one did, in
	//     either case. What it must not leave as the failed one may have made it, it has to put or remove.
	Commit(b Batch) (map[Key]uint64, error)
}

// Key names a value. Bucket and Name are any bytes, at least one.
type Key struct{ Bucket, Name string }

// Entry is a value as it was read.
type Entry struct {
	Key
	Value    []byte // the caller's own
	Revision uint64 // stays as long as the value does, and is never 0; other values have other ones
}

// Batch is what changes together. More than MaxBatch changes, which may expect nothing, may be made in parts: when Commit fails,
// some of them are made.
type Batch struct {
	// Expect are the revisions at which keys must be, whether they are changed or not; 0 for one that must not exist.
	Expect map[Key]uint64
	Put    map[Key][]byte
	Remove []Key // whether it exists or not
}

// Check returns what no store takes, as ErrBatch: a value above MaxValue, more than MaxBatch changes that expect something, a key
// that is both put and removed, and the removal of one that must not exist, which guards nothing in NATS.
func (b Batch) Check() error {
	if n := len(b.Put) + len(b.Remove); len(b.Expect) > 0 && n > MaxBatch {
		return fmt.Errorf("%w: %d changes at once, more than %d", ErrBatch, n, MaxBatch)
	}
	for key, value := range b.Put {
		if len(value) > MaxValue {
			return fmt.Errorf("%w: %q of %s has %d bytes, more than %d", ErrBatch, key.Name, key.Bucket, len(value), MaxValue)
		}
	}
	for _, key := range b.Remove {
		if revision, expected := b.Expect[key]; expected && revision == 0 {
			return fmt.Errorf("%w: %q of %s is to be removed where it must not exist", ErrBatch, key.Name, key.Bucket)
		}
		if _, put := b.Put[key]; put {
			return fmt.Errorf("%w: %q of %s is both put and removed", ErrBatch, key.Name, key.Bucket)
		}
	}
	return nil
}
