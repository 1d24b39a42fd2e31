package ledgertest

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// Memory is a store without a disk. Its methods may be called at the same time.
type Memory struct {
	mu      sync.Mutex
	entries map[ledger.Key]ledger.Entry
	last    uint64 // revision
	failure error
}

// New returns an empty store.
func New() *Memory { return &Memory{entries: map[ledger.Key]ledger.Entry{}} }

// Fail has each Commit from now on fail with err and change nothing, until it is called with nil.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// Count is how many names in a bucket begin with prefix.
func (m *Memory) Count(bucket, prefix string) int { return len(m.list(bucket, prefix)) }

// Get returns what lies under a key, or ledger.ErrNotFound.
func (m *Memory) Get(key ledger.Key) (ledger.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok {
		return e, ledger.ErrNotFound
	}
	e.Value = bytes.Clone(e.Value)
	return e, nil
}

// List yields what lay in a bucket when it was called.
func (m *Memory) List(bucket, prefix string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, e := range m.list(bucket, prefix) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *Memory) list(bucket, prefix string) (all []ledger.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		if key.Bucket == bucket && strings.HasPrefix(key.Name, prefix) {
			e.Value = bytes.Clone(e.Value)
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b ledger.Entry) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Commit makes a batch.
func (m *Memory) Commit(b ledger.Batch) (map[ledger.Key]uint64, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return nil, m.failure
	}
	for key, revision := range b.Expect {
		if m.entries[key].Revision != revision {
			return nil, ledger.ErrConflict
		}
	}
	for _, key := range b.Remove {
		delete(m.entries, key)
	}
	revisions := map[ledger.Key]uint64{}
	for key, value := range b.Put {
		m.last++
		m.entries[key] = ledger.Entry{Key: key, Value: bytes.Clone(value), Revision: m.last}
		if _, expected := b.Expect[key]; expected {
			revisions[key] = m.last
		}
	}
	return revisions, nil
}
