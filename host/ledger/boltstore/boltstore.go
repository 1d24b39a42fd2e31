// Package boltstore keeps the ledger in one bbolt file: one directory, one process. It is the only door to bbolt.
//
// The file may fail while it is in use, and the store gets over it: a file or directory that was removed is written anew
// from what is still open, a failed write closes the file and opens it again before the next one, and a file that became
// unreadable is set aside and a new one begun, in which the revisions of those who write go on.
package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/host/ledger"
)

// FileName is the ledger's file in its directory.
const FileName = "ledger.db"

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = time.Second

// Errors of the file.
var (
	// ErrLocked says that another process uses the directory.
	ErrLocked = errors.New("another riskrelay uses this directory")
	// ErrNewer says that the file was written by a version that this one doesn't understand. Nothing was changed.
	ErrNewer = errors.New("the ledger was written by a newer riskrelay")
	// ErrReplaced says that another file was put in the place of the open one: it belongs to somebody else now.
	ErrReplaced = fmt.Errorf("another file lies in the place of the open ledger: %w", ledger.ErrConflict)
)

// Store is a [ledger.Store] in a bbolt file. A bucket is one of bbolt's. The records lie behind eight bytes of their revision
// (big endian); all other values lie bare, and their revision is made of what is in them.
type Store struct {
	// Told is called, from the goroutine that reads or writes, when the file had to be written anew or set aside while in use;
	// nil means nobody wants to know. It must be set before the first use.
	Told func(what string)

	path  string // "" of a file that is only read
	aside string

	mu   sync.RWMutex
	file *os.File // of db: to compare with what lies at path
	db   *bbolt.DB
	// broken says that a write failed: what the system keeps of the file in memory may differ from the disk.
	broken bool
	// torn says that the file could not even be read: it can't be closed in order any more.
	torn   bool
	closed bool
	// known are the revisions at which expected keys, and records that were read, are for those who write here. While the file is locked nobody else writes
	// it: where it says something else, it is wrong, or a Commit that failed got through after all.
	known map[ledger.Key]uint64
	// lost are the keys that the file doesn't hold any more and whose writer was told so.
	lost     map[ledger.Key]bool
	openFile func(path string, flag int, mode os.FileMode) (*os.File, error)
}

// Open opens the ledger in dir, which it makes (mode 0700) if need be, and locks it against other processes.
// A file that isn't a bbolt file any more is set aside under a name that ends in .damaged, and a new one begun. A file
// that is mostly free space is made smaller. The error is ErrLocked, ErrNewer or the system's.
func Open(dir string) (*Store, error) { return openWith(dir, os.OpenFile) }

func openWith(dir string, openFile func(string, int, os.FileMode) (*os.File, error)) (*Store, error) {
	s := &Store{path: filepath.Join(dir, FileName), openFile: openFile, known: map[ledger.Key]uint64{}, lost: map[ledger.Key]bool{}}
	if err := s.open(); err != nil {
		return nil, err
	}
	if s.wasteful() {
		_ = s.rewrite() // the file stays as it was then, which is good enough; Compact reports it
	}
	return s, nil
}

// SetAside is the file to which Open moved one that was no ledger any more, "" when it was good.
func (s *Store) SetAside() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.aside
}

// Commit makes a batch in one transaction, and syncs the file.
func (s *Store) Commit(b ledger.Batch) (map[ledger.Key]uint64, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	var revisions map[ledger.Key]uint64
	err := s.update(func(tx *bbolt.Tx) (err error) {
		if err := s.expect(tx, b.Expect); err != nil {
			return err
		}
		if revisions, err = change(tx, b); err == nil && len(b.Expect) > 0 {
			failpoint.Hit(failpoint.LedgerChanged)
		}
		return err
	}, func() { s.wrote(b, revisions) })
	if err != nil {
		return nil, err
	}
	if len(b.Expect) > 0 {
		failpoint.Hit(failpoint.LedgerCommitted)
	}
	return revisions, nil
}

// expect fails with ledger.ErrConflict or ledger.ErrLost unless the keys are at these revisions.
func (s *Store) expect(tx *bbolt.Tx, want map[ledger.Key]uint64) error {
	var lost error
	for key, revision := range want {
		current := revisionOf(key, find(tx, key))
		known, ours := s.known[key]
		if !ours {
			known = current
		}
		if revision != known || counted(key) && current > revision+1 {
			return ledger.ErrConflict
		}
		if current == 0 && revision > 0 && !s.lost[key] {
			s.lost[key], lost = true, ledger.ErrLost
		}
	}
	maps.Copy(s.known, want) // also when what follows fails: a Commit that gets through all the same doesn't change it
	return lost
}

// change makes the changes, and returns the new revisions of those that were expected.
func change(tx *bbolt.Tx, batch ledger.Batch) (map[ledger.Key]uint64, error) {
	for _, key := range batch.Remove {
		if b := tx.Bucket([]byte(key.Bucket)); b != nil {
			if err := b.Delete([]byte(key.Name)); err != nil {
				return nil, fmt.Errorf("remove from %s: %w", key.Bucket, err)
			}
		}
	}
	revisions, buckets := make(map[ledger.Key]uint64, len(batch.Expect)), map[string]*bbolt.Bucket{}
	for key, value := range batch.Put {
		b := buckets[key.Bucket]
		if b == nil {
			var err error
			if b, err = tx.CreateBucketIfNotExists([]byte(key.Bucket)); err != nil {
				return nil, fmt.Errorf("make %s: %w", key.Bucket, err)
			}
			buckets[key.Bucket] = b
		}
		revision, expected := batch.Expect[key]
		if counted(key) {
			if !expected {
				revision = revisionOf(key, b.Get([]byte(key.Name)))
			}
			value = append(binary.BigEndian.AppendUint64(nil, revision+1), value...)
		}
		if err := b.Put([]byte(key.Name), value); err != nil {
			return nil, fmt.Errorf("write %s: %w", key.Bucket, err)
		}
		if expected {
			revisions[key] = revisionOf(key, value)
		}
	}
	return revisions, nil
}

// wrote notes that a batch was made.
func (s *Store) wrote(b ledger.Batch, revisions map[ledger.Key]uint64) {
	for key := range b.Put {
		delete(s.known, key)
	}
	for _, key := range b.Remove {
		delete(s.known, key)
	}
	maps.Copy(s.known, revisions)
	for key := range b.Expect {
		delete(s.lost, key)
	}
}

// Close lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.db == nil || s.torn {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}
