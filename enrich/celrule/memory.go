package celrule

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// Digest stands for the values of the key of a first_seen: the first 16 bytes of the SHA-256 of the values in lower
// case, each behind its length. A memory therefore never holds a name or an address.
type Digest [16]byte

// Memory remembers which keys rules with first_seen came across. Its methods may be called at the same time from several
// goroutines.
type Memory interface {
	// Seen notes that the key occurred at a time, and reports whether that is the first time: no other occurrence is
	// known in the window before. Asking again about the same time gives the same answer, as events are read again after
	// a crash.
	Seen(ctx context.Context, rule string, key Digest, at time.Time, window time.Duration) (first bool)
}

// Sighting is what a memory knows of one key of one rule.
type Sighting struct {
	Rule        string
	Key         Digest
	First, Last time.Time // of the occurrences, between which no gap was longer than the rule's window
	Until       time.Time // when it may be forgotten: a window after Last, or after it was noted when events are old
}

// DefaultMemory is how many keys a module remembers, which takes about 40 MB.
const DefaultMemory = 200_000

// Recent is a Memory in the memory of this process that holds a limited number of keys. When it is full, one of the
// oldest makes place, so that a flood of keys makes matches look new, never known. The zero value is not ready; see
// [NewRecent].
type Recent struct {
	limit int

	mu      sync.Mutex
	known   map[sightingKey]span
	changed map[sightingKey]bool // since the last Save; false for keys that were forgotten
}

type sightingKey struct {
	rule string
	key  Digest
}

type span struct{ first, last, until time.Time }

// NewRecent returns an empty memory for at most limit keys.
func NewRecent(limit int) *Recent {
	return &Recent{limit: max(1, limit), known: map[sightingKey]span{}, changed: map[sightingKey]bool{}}
}

// Seen implements Memory.
func (r *Recent) Seen(_ context.Context, rule string, key Digest, at time.Time, window time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := sightingKey{rule, key}
	s, known := r.known[k]
	first, next := s.note(known, at, window)
	if next == s {
		return first
	}
	next.until = at.Add(window)
	if now := time.Now(); now.After(at) {
		next.until = now.Add(window)
	}
	if !known && len(r.known) >= r.limit {
		r.evict()
	}
	r.known[k], r.changed[k] = next, true
	return first
}

// peek reports what Seen would, and remembers nothing.
func (r *Recent) peek(rule string, key Digest, at time.Time, window time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, known := r.known[sightingKey{rule, key}]
	first, _ := s.note(known, at, window)
	return first
}

// peeking is a memory that can be asked without telling it anything.
type peeking struct{ *Recent }

// Seen implements Memory.
func (g peeking) Seen(_ context.Context, rule string, key Digest, at time.Time, window time.Duration) bool {
	return g.peek(rule, key, at, window)
}

// note returns the span with an occurrence at the time added, and whether that is the first within the window. Events come out of
// order and again: one that happened before all known ones is the first, although those were seen sooner.
func (s span) note(known bool, at time.Time, window time.Duration) (first bool, next span) {
	fresh := span{first: at, last: at}
	switch {
	case !known, s.last.Before(at.Add(-window)):
		return true, fresh
	case at.Before(s.first.Add(-window)):
		return true, s // from a time that is over: it says nothing about the later ones
	case at.Equal(s.first):
		return true, s // the same event again
	case at.Before(s.first):
		return true, span{first: at, last: s.last}
	case at.After(s.last):
		return false, span{first: s.first, last: at}
	}
	return false, s
}

// evictAmong is how many keys, picked at random, the oldest is taken of.
const evictAmong = 8

func (r *Recent) evict() {
	var oldest sightingKey
	n := 0
	for k, s := range r.known {
		if n == 0 || s.last.Before(r.known[oldest].last) {
			oldest = k
		}
		if n++; n == evictAmong {
			break
		}
	}
	r.forget(oldest)
}

func (r *Recent) forget(k sightingKey) {
	delete(r.known, k)
	r.changed[k] = false
}

// Restore puts in what a memory saved before. What is known already stays.
func (r *Recent) Restore(sightings []Sighting) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range sightings {
		k := sightingKey{s.Rule, s.Key}
		if _, known := r.known[k]; !known && len(r.known) < r.limit {
			r.known[k] = span{s.First, s.Last, s.Until}
		}
	}
}

// Save forgets the keys whose time is over, and hands what changed since the last time to write: the keys that
// are known, and those that are forgotten, of which only Rule and Key count. When write fails, the same comes again with
// the next Save. Two calls must not overlap.
func (r *Recent) Save(write func(known, forgotten []Sighting) error) error {
	known, forgotten, changed := r.take(time.Now())
	if len(changed) == 0 {
		return nil
	}
	err := write(known, forgotten)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for k, is := range changed {
			if _, newer := r.changed[k]; !newer {
				r.changed[k] = is
			}
		}
	}
	return err
}

func (r *Recent) take(now time.Time) (known, forgotten []Sighting, changed map[sightingKey]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, s := range r.known {
		if s.until.Before(now) {
			r.forget(k)
		}
	}
	for k := range r.changed {
		s, there := r.known[k]
		one := Sighting{Rule: k.rule, Key: k.key, First: s.first, Last: s.last, Until: s.until}
		if there {
			known = append(known, one)
		} else {
			forgotten = append(forgotten, one)
		}
	}
	changed, r.changed = r.changed, map[sightingKey]bool{}
	return known, forgotten, changed
}

// digest makes the digest of the values of a key.
func digest(values []string) (d Digest) {
	var all []byte
	for _, v := range values {
		v = strings.ToLower(v)
		all = append(binary.AppendUvarint(all, uint64(len(v))), v...)
	}
	sum := sha256.Sum256(all)
	copy(d[:], sum[:])
	return d
}
