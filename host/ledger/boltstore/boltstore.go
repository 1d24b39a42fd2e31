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

// Store is a bbolt file. Each value lies behind eight bytes of its revision (big endian). Its methods may be called at the
// same time.
type Store struct {
	// Told is called, from the goroutine that writes, when the file had to be written anew or set aside while in use;
	// nil means nobody wants to know. It must be set before the first write.
	Told func(what string)

	path  string
	aside string

	mu   sync.RWMutex
	file *os.File // of db: to compare with what lies at path
	db   *bbolt.DB
	// broken says that a write failed: what the system keeps of the file in memory may differ from the disk.
	broken bool
	// torn says that the file could not even be read: it can't be closed in order any more.
	torn bool
	// known are the revisions that were written here. While the file is locked nobody else writes it: where it says less, or
	// one more because a Put that failed got through after all, the file is wrong.
	known map[string]uint64
	// before is, by record, what was in the proof before the Puts of it that failed since one worked.
	before map[string]map[string][]byte
	// lost are the records that the file doesn't hold any more and whose writer was told so.
	lost     map[string]bool
	openFile func(path string, flag int, mode os.FileMode) (*os.File, error)
}

// Open opens the ledger in dir, which it makes (mode 0700) if need be, and locks it against other processes.
// A file that isn't a bbolt file any more is set aside under a name that ends in .damaged, and a new one begun. A file
// that is mostly free space is made smaller. The error is ErrLocked, ErrNewer or the system's.
func Open(dir string) (*Store, error) { return openWith(dir, os.OpenFile) }

func openWith(dir string, openFile func(string, int, os.FileMode) (*os.File, error)) (*Store, error) {
	s := &Store{path: filepath.Join(dir, FileName), openFile: openFile, known: map[string]uint64{}, before: map[string]map[string][]byte{}, lost: map[string]bool{}}
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

func bucket() []byte { return []byte("streams") }

// Get returns the value and revision of key, or ledger.ErrNotFound.
func (s *Store) Get(key string) (value []byte, revision uint64, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		revision, value = split(tx.Bucket(bucket()).Get([]byte(key)))
		if revision == 0 {
			return ledger.ErrNotFound
		}
		return nil
	})
	return value, revision, err
}

// Put replaces the value of key if its revision is the given one, and syncs the file.
func (s *Store) Put(key string, value []byte, revision uint64) (uint64, error) {
	return s.put(key, value, revision, nil)
}

// put is Put, and whatever also does in the same transaction.
func (s *Store) put(key string, value []byte, revision uint64, also func(*bbolt.Tx) error) (uint64, error) {
	next := revision + 1
	err := s.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket())
		current, _ := split(b.Get([]byte(key)))
		known, ours := s.known[key]
		if !ours {
			known = current
		}
		if revision != known || current > next {
			return ledger.ErrConflict
		}
		if current == 0 && known > 0 && !s.lost[key] {
			s.lost[key] = true
			return ledger.ErrLost
		}
		if current == next {
			if err := s.takeBack(tx, key); err != nil {
				return err
			}
		}
		if also != nil {
			if s.before[key] == nil {
				s.before[key] = map[string][]byte{}
			}
			if err := also(tx); err != nil {
				return err
			}
		}
		err := b.Put([]byte(key), append(binary.BigEndian.AppendUint64(nil, next), value...))
		failpoint.Hit(failpoint.LedgerChanged)
		return err
	}, func() { s.wrote(key, next) })
	if err != nil {
		return 0, err
	}
	failpoint.Hit(failpoint.LedgerCommitted)
	return next, nil
}

// wrote notes that a Put worked.
func (s *Store) wrote(key string, revision uint64) {
	s.known[key] = revision
	delete(s.before, key)
	delete(s.lost, key)
}

// Keys lists all keys.
func (s *Store) Keys() (keys []string, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket()).ForEach(func(k, _ []byte) error {
			keys = append(keys, string(k))
			return nil
		})
	})
	return keys, err
}

// Close lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil || s.torn {
		return nil
	}
	db := s.db
	s.db = nil
	return db.Close()
}

// split takes a stored value apart; revision 0 means that there is none.
func split(stored []byte) (revision uint64, value []byte) {
	if len(stored) < 8 {
		return 0, nil
	}
	return binary.BigEndian.Uint64(stored), append([]byte(nil), stored[8:]...)
}
