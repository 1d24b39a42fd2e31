package boltstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/ledger"
)

func records() []byte { return []byte(ledger.Streams) }

// counted reports whether a value lies behind its revision.
func counted(key ledger.Key) bool { return key.Bucket == ledger.Streams }

// find is what lies under a key while the transaction lasts, nil for nothing.
func find(tx *bbolt.Tx, key ledger.Key) []byte {
	b := tx.Bucket([]byte(key.Bucket))
	if b == nil {
		return nil
	}
	return b.Get([]byte(key.Name))
}

// revisionOf is the revision of what lies under a key, 0 for nothing. A damaged file may hold records that have none.
func revisionOf(key ledger.Key, stored []byte) uint64 {
	switch {
	case stored == nil:
		return 0
	case counted(key) && len(stored) < 8:
		return 0
	case counted(key):
		return binary.BigEndian.Uint64(stored)
	}
	sum := sha256.Sum256(stored)
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// entry is a copy of what lies under a key; its revision is 0 when that is nothing.
func entry(key ledger.Key, stored []byte) ledger.Entry {
	e := ledger.Entry{Key: key, Revision: revisionOf(key, stored)}
	switch {
	case e.Revision == 0:
	case counted(key):
		e.Value = bytes.Clone(stored[8:])
	default:
		e.Value = bytes.Clone(stored)
	}
	return e
}

// Get returns what lies under a key, or ledger.ErrNotFound.
func (s *Store) Get(key ledger.Key) (e ledger.Entry, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		if e = entry(key, find(tx, key)); e.Revision == 0 {
			return ledger.ErrNotFound
		}
		return nil
	})
	if err == nil && counted(key) {
		s.read(e)
	}
	return e, err
}

// read notes the revision at which a record was read for the first time: whoever has it in memory may have to write it anew. It
// looks again, as somebody may have written meanwhile.
func (s *Store) read(e ledger.Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[e.Key]; known || s.path == "" || s.db == nil || s.torn {
		return
	}
	_ = guarded(func() error { // what can't be read any more is met again by the next one
		return s.db.View(func(tx *bbolt.Tx) error {
			if revisionOf(e.Key, find(tx, e.Key)) == e.Revision {
				s.known[e.Key] = e.Revision
			}
			return nil
		})
	})
}

// pageBytes is about how much List reads in one transaction: no reader keeps the file from shrinking, or holds much memory.
const pageBytes = 1 << 20

// List yields what lies in a bucket, nothing for one that doesn't exist.
func (s *Store) List(bucket, prefix string) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for from, more := prefix, true; more; {
			var page []ledger.Entry
			err := s.view(func(tx *bbolt.Tx) error {
				page, from, more = pageOf(tx, bucket, prefix, from)
				return nil
			})
			if err != nil {
				yield(ledger.Entry{}, fmt.Errorf("read %s: %w", bucket, err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// pageOf returns entries whose names begin with prefix, from one on, and the name behind them when there are more.
func pageOf(tx *bbolt.Tx, bucket, prefix, from string) (page []ledger.Entry, next string, more bool) {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return nil, "", false
	}
	c, size := b.Cursor(), 0
	for k, v := c.Seek([]byte(from)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
		if size > pageBytes {
			return page, string(k), true
		}
		if e := entry(ledger.Key{Bucket: bucket, Name: string(k)}, v); e.Revision > 0 {
			page, size = append(page, e), size+len(k)+len(v)
		}
	}
	return page, "", false
}
