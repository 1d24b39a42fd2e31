package graph

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// maxObjects bounds what is remembered: about 60 MB.
const maxObjects = 500_000

// sighting says when an object's present state was first seen.
type sighting struct {
	at     time.Time // in whole microseconds, UTC
	digest [16]byte
}

// sightings are those of all objects, by object id. They may be used by several goroutines.
type sightings struct {
	bucket string
	store  ledger.Store // nil when nothing is to outlive this process

	mu     sync.Mutex
	loaded bool
	all    map[string]sighting
}

// load reads what was written, once. Values that are damaged are left out: the objects look new again, and their rows get
// the ids that they had.
func (s *sightings) load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded {
		return nil
	}
	s.all = map[string]sighting{}
	if s.store != nil {
		for e, err := range s.store.List(s.bucket, "") {
			if err != nil {
				return fmt.Errorf("read what was seen of Microsoft Graph: %w", err)
			}
			if one, ok := decode(e.Name, e.Value); ok {
				s.all[e.Name] = one
			}
		}
	}
	s.loaded = true
	return nil
}

func (s *sightings) key(id string) ledger.Key { return ledger.Key{Bucket: s.bucket, Name: id} }

// round compares all objects with the sightings of one earlier time.
type round struct {
	*sightings
	at      time.Time
	present map[string]bool
	changed map[string]sighting
}

func (s *sightings) begin(at time.Time) *round {
	return &round{sightings: s, at: at, present: map[string]bool{}, changed: map[string]sighting{}}
}

// see notes an object. The error says that there are too many.
func (r *round) see(o *row) error {
	if r.present[o.ID] = true; len(r.present) > maxObjects {
		return fmt.Errorf("the tenant has more than %d applications and service principals: riskrelay can't keep track of so many", maxObjects)
	}
	digest := o.digest(r.at)
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.all[o.ID]; !ok || known.digest != digest {
		r.changed[o.ID] = sighting{r.at, digest}
	}
	return nil
}

// end writes what is new and forgets objects that are gone. It must only be called when all objects were seen.
func (r *round) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var gone []string
	for id := range r.all {
		if !r.present[id] {
			gone = append(gone, id)
		}
	}
	if r.store != nil && len(r.changed)+len(gone) > 0 {
		batch := ledger.Batch{Put: make(map[ledger.Key][]byte, len(r.changed))}
		for id, one := range r.changed {
			batch.Put[r.key(id)] = encode(id, one)
		}
		for _, id := range gone {
			batch.Remove = append(batch.Remove, r.key(id))
		}
		if _, err := r.store.Commit(batch); err != nil {
			return fmt.Errorf("write what was seen of Microsoft Graph: %w", err)
		}
	}
	for _, id := range gone {
		delete(r.all, id)
	}
	for id, one := range r.changed {
		r.all[id] = one
	}
	return nil
}

// in are the sightings in a window.
func (s *sightings) in(w pipeline.Window) map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]time.Time{}
	for id, one := range s.all {
		if !one.at.Before(w.From) && one.at.Before(w.To) {
			found[id] = one.at
		}
	}
	return found
}

// A value is eight bytes of the time in microseconds of Unix time, big endian, and the digest, sealed with the object's id.
const sightingLength = 8 + 16

func encode(id string, one sighting) []byte {
	content := binary.BigEndian.AppendUint64(make([]byte, 0, sightingLength), uint64(one.at.UnixMicro()))
	return ledger.Seal(id, append(content, one.digest[:]...))
}

func decode(id string, value []byte) (one sighting, ok bool) {
	content, err := ledger.Unseal(id, value)
	if err != nil || len(content) != sightingLength {
		return one, false
	}
	one.at = time.UnixMicro(int64(binary.BigEndian.Uint64(content))).UTC()
	copy(one.digest[:], content[8:])
	return one, true
}
