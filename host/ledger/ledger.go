package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Streams is the bucket of the records, which lie under their stream's name.
const Streams = "streams"

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
	r := &record{store: l.store, key: Key{Streams, stream}, state: &pipeline.State{}}
	e, err := l.store.Get(r.key)
	if errors.Is(err, ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ledger of %s: %w", stream, err)
	}
	r.revision = e.Revision
	state, err := Decode(e.Value)
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
	states := map[string]*pipeline.State{}
	for e, err := range l.store.List(Streams, "") {
		if err != nil {
			return nil, fmt.Errorf("list the ledger: %w", err)
		}
		if state, err := Decode(e.Value); err == nil {
			states[e.Name] = state
		}
	}
	return states, nil
}

// record is one stream's state in memory and on disk.
type record struct {
	store Store
	key   Key

	mu       sync.Mutex
	revision uint64
	state    *pipeline.State
	forget   bool      // the record was damaged: what was proven is read and proven again
	pruned   time.Time // up to where this process has removed what is proven
	// before is the proof, by name, as it was before commits that failed since one worked: some may have been made all the same.
	before map[string][]byte
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
		r.state, r.before = r.state.Clone(), nil
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
	b, pruned, err := r.batch(next)
	if err != nil {
		return err
	}
	revisions, err := r.store.Commit(b)
	if err != nil {
		return fmt.Errorf("write the ledger of %s: %w", r.key.Name, err)
	}
	r.state, r.revision, r.forget, r.before, r.pruned = next, revisions[r.key], false, nil, pruned
	return nil
}

// batch is a state and what it adds to the proof, which nobody changes without the record: whoever finds the record at its
// revision has read the proof that belongs to it.
func (r *record) batch(next *pipeline.State) (b Batch, pruned time.Time, err error) {
	value, err := Encode(next)
	if err != nil {
		return b, pruned, err
	}
	if r.before == nil {
		r.before = map[string][]byte{}
	}
	d := draft{store: r.store, stream: r.key.Name, before: r.before, after: maps.Clone(r.before), pruned: r.pruned}
	if err := d.prove(next, r.forget); err != nil {
		return b, pruned, fmt.Errorf("read the proof of %s: %w", r.key.Name, err)
	}
	b = Batch{Expect: map[Key]uint64{r.key: r.revision}, Put: map[Key][]byte{r.key: value}}
	for name, value := range d.after {
		if key := (Key{proofBucket, name}); value == nil {
			b.Remove = append(b.Remove, key)
		} else {
			b.Put[key] = value
		}
	}
	return b, d.pruned, nil
}

// Encode returns a state as it lies in a store: sealed JSON.
func Encode(s *pipeline.State) ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the ledger: %w", err)
	}
	return Seal("", text), nil
}

// Decode reads what Encode wrote; damage is ErrCorrupt.
func Decode(value []byte) (*pipeline.State, error) {
	text, err := Unseal("", value)
	if err != nil {
		return nil, err
	}
	s := new(pipeline.State)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return s, nil
}
