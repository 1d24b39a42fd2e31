// Package received records what a test receiver got, cheaply enough for hundreds of thousands of events: per event
// id, how often it came and a digest of its content.
package received

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"
)

// Log is a record of events by id. The zero value is empty and ready; its methods may be called at the same time.
type Log struct {
	mu    sync.Mutex
	seen  map[string]entry
	total int
	grown chan struct{} // closed and replaced at each Add that somebody waits for
}

type entry struct {
	times int
	sum   uint64
	mixed bool // came with different contents
	// follows is the id of the event that a follow-up is about, "" for all other events.
	follows string
}

// Sum is the digest of an event's content that a Log keeps.
func Sum(content []byte) uint64 {
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:])
}

// Add records that the event called id came with content.
func (l *Log) Add(id string, content []byte) {
	sum := Sum(content)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]entry{}
	}
	e, again := l.seen[id]
	l.seen[id] = entry{e.times + 1, sum, e.mixed || again && e.sum != sum, follows(content)}
	l.total++
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
}

// follows is what a follow-up says in risk.follows.
func follows(content []byte) string {
	if !bytes.Contains(content, []byte(`"follows":`)) {
		return ""
	}
	var event struct {
		Risk struct{ Follows string }
	}
	if json.Unmarshal(content, &event) != nil {
		return ""
	}
	return event.Risk.Follows
}

// Len is how many different events came.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// Total is how many events came, each as often as it came.
func (l *Log) Total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Times is how often the event called id came.
func (l *Log) Times(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[id].times
}

// Wait returns when at least n different events came, or with the context's error.
func (l *Log) Wait(ctx context.Context, n int) error {
	for {
		l.mu.Lock()
		enough := len(l.seen) >= n
		if !enough && l.grown == nil {
			l.grown = make(chan struct{})
		}
		grown := l.grown
		l.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Difference is how what came differs from what was sent, by event id, sorted.
type Difference struct {
	Missing  []string // sent, but never came
	Invented []string // came, but were not sent, nor are they follow-ups of what was sent
	Changed  []string // came with a content that was not sent
}

// None reports whether there is no difference.
func (d Difference) None() bool { return len(d.Missing)+len(d.Invented)+len(d.Changed) == 0 }

// Compare compares what came with what was sent: per event id, the Sum of its content, or 0 when the content
// doesn't matter.
func (l *Log) Compare(sent map[string]uint64) (d Difference) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, sum := range sent {
		e, ok := l.seen[id]
		switch {
		case !ok:
			d.Missing = append(d.Missing, id)
		case sum != 0 && (e.mixed || e.sum != sum):
			d.Changed = append(d.Changed, id)
		}
	}
	for id, e := range l.seen {
		_, ok := sent[id]
		if _, follows := sent[e.follows]; !ok && !follows {
			d.Invented = append(d.Invented, id)
		}
	}
	slices.Sort(d.Missing)
	slices.Sort(d.Invented)
	slices.Sort(d.Changed)
	return d
}
