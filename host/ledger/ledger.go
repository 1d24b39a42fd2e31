// Package ledger remembers how far each sink is in each stream, so that a crash loses nothing and repeats little.
//
// Beside the records lies the proof: what became of the rows of each minute at each sink, for ProofLife. It changes in the
// transaction that closes a window, so that a crash neither loses nor repeats a count.
//
// A record is one stream's [pipeline.State] as JSON behind a CRC-32C. Records lie in a [Store], which offers
// compare-and-swap on a revision: a second writer, or a host that was paused and taken over, fails instead of
// overwriting. A record that was damaged on disk is reported and begun anew from the stream's start: the workspace
// still holds the rows, and they are sent again with the same event ids.
package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Errors of stores and records.
var (
	ErrNotFound = errors.New("no such record")
	ErrConflict = pipeline.ErrConflict
	ErrCorrupt  = errors.New("the record is damaged: its checksum doesn't match")
	// ErrLost says that the store doesn't hold any more what this process wrote.
	ErrLost = errors.New("the ledger's file was lost while in use")
)

// Store keeps small values under keys, each with a revision that grows with every change.
type Store interface {
	// Get returns a value and its revision, or ErrNotFound.
	Get(key string) (value []byte, revision uint64, err error)
	// Put replaces the value if its revision still is the given one (0: there is none yet) and returns the new
	// revision, or ErrConflict. When it returns, the value is on the disk. Where an earlier value is lost, and its proof with
	// it, the first try is ErrLost, and the next one begins anew.
	Put(key string, value []byte, revision uint64) (uint64, error)
	// Keys lists all keys.
	Keys() ([]string, error)
}

// ProofStore is a Store that keeps the proof as well. Without one, nothing is proven.
type ProofStore interface {
	Store
	// PutProof is Put, and applies change to the proof in the same transaction: both happen, or neither.
	PutProof(key string, value []byte, revision uint64, change func(Proofs) error) (uint64, error)
	// ViewProof shows the proof at one moment.
	ViewProof(view func(Proofs) error) error
}

// Proofs are values under sorted keys within a transaction.
type Proofs interface {
	// Get returns a value that is good until the transaction ends, nil when there is none.
	Get(key []byte) []byte
	// Put sets a value; nil removes it.
	Put(key, value []byte) error
	// Keys are the keys from one to before another, in order.
	Keys(from, to []byte) [][]byte
}

// Ledger opens records in a store.
type Ledger struct {
	store Store
	// Damaged is told of each record that had to be given up; nil means nobody wants to know.
	Damaged func(stream string, err error)
}

// New returns the ledger in store.
func New(store Store) *Ledger { return &Ledger{store: store} }

// Open returns the record of a stream, an empty one when there is none.
func (l *Ledger) Open(stream string) (pipeline.Record, error) {
	r := &record{store: l.store, key: stream, state: &pipeline.State{}}
	value, revision, err := l.store.Get(stream)
	if errors.Is(err, ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger of %s: %w", stream, err)
	}
	r.revision = revision
	state, err := Decode(value)
	if err != nil {
		if l.Damaged != nil {
			l.Damaged(stream, err)
		}
		r.forget = true
		return r, nil
	}
	r.state = state
	return r, nil
}

// Streams returns the state of every stream in the ledger; damaged ones are left out.
func (l *Ledger) Streams() (map[string]*pipeline.State, error) {
	keys, err := l.store.Keys()
	if err != nil {
		return nil, fmt.Errorf("list the ledger: %w", err)
	}
	states := map[string]*pipeline.State{}
	for _, key := range keys {
		value, _, err := l.store.Get(key)
		if errors.Is(err, ErrNotFound) {
			continue // a damaged file may list what it doesn't hold
		}
		if err != nil {
			return nil, fmt.Errorf("read the ledger of %s: %w", key, err)
		}
		if state, err := Decode(value); err == nil {
			states[key] = state
		}
	}
	return states, nil
}

// record is one stream's state in memory and on disk.
type record struct {
	store Store
	key   string

	mu       sync.Mutex
	revision uint64
	state    *pipeline.State
	forget   bool // the record was damaged: what was proven is read and proven again
}

// State is a copy of the state as it is on disk.
func (r *record) State() *pipeline.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Clone()
}

// Update applies change to the state and writes it; nothing changes when either fails.
func (r *record) Update(change func(*pipeline.State) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.update(change)
	if errors.Is(err, ErrLost) {
		// What is in memory is all there is. Change is told, so that it doesn't take what isn't proven for missing.
		r.state = r.state.Clone()
		r.state.Unproven = r.state.Frontier
		err = r.update(change)
	}
	return err
}

func (r *record) update(change func(*pipeline.State) error) error {
	next := r.state.Clone()
	if err := change(next); err != nil {
		return err
	}
	value, err := Encode(next)
	if err != nil {
		return err
	}
	revision, err := r.put(value, next)
	if err != nil {
		return fmt.Errorf("write the ledger of %s: %w", r.key, err)
	}
	r.state, r.revision, r.forget = next, revision, false
	return nil
}

// put writes a state, and what it adds to the proof, at once.
func (r *record) put(value []byte, next *pipeline.State) (uint64, error) {
	proof := next.TakeProof()
	store, ok := r.store.(ProofStore)
	if !ok || len(proof) == 0 && !r.forget {
		return r.store.Put(r.key, value, r.revision)
	}
	return store.PutProof(r.key, value, r.revision, func(p Proofs) error {
		if r.forget {
			if err := prune(p, r.key, time.Time{}, endOfTime()); err != nil {
				return err
			}
		}
		for _, change := range proof {
			if err := apply(p, r.key, change); err != nil {
				return err
			}
		}
		return prune(p, r.key, time.Time{}, next.Frontier.Add(-ProofLife))
	})
}

// Encode returns a state as it lies in a store: four bytes of CRC-32C (Castagnoli, big endian) and JSON.
func Encode(s *pipeline.State) ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the ledger: %w", err)
	}
	value := binary.BigEndian.AppendUint32(make([]byte, 0, len(text)+4), checksum(text))
	return append(value, text...), nil
}

// Decode reads what Encode wrote; damage is ErrCorrupt.
func Decode(value []byte) (*pipeline.State, error) {
	if len(value) < 4 || binary.BigEndian.Uint32(value) != checksum(value[4:]) {
		return nil, ErrCorrupt
	}
	s := new(pipeline.State)
	if err := json.Unmarshal(value[4:], s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return s, nil
}

func checksum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }
