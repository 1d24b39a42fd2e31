// Package boltstore keeps the ledger in one bbolt file: one directory, one process. It is the only door to bbolt.
package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/riskrelay/riskrelay/host/ledger"
)

// FileName is the ledger's file in its directory.
const FileName = "ledger.db"

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = time.Second

// ErrLocked says that another process uses the directory.
var ErrLocked = errors.New("another riskrelay uses this directory")

// Store is a bbolt file. Each value lies behind eight bytes of its revision (big endian).
type Store struct {
	db    *bbolt.DB
	aside string
}

// Open opens the ledger in dir, which it makes (mode 0700) if need be, and locks it against other processes.
// A file that isn't a bbolt file any more is set aside under a name that ends in .damaged, and a new one begun.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the ledger's directory: %w", err)
	}
	path := filepath.Join(dir, FileName)
	db, err := open(path)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	var aside string
	if damaged(err) {
		aside = fmt.Sprintf("%s.%d.damaged", path, time.Now().Unix())
		if err := os.Rename(path, aside); err != nil {
			return nil, fmt.Errorf("set the damaged ledger aside: %w", err)
		}
		db, err = open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open the ledger %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the ledger: %w", err), db.Close())
	}
	return &Store{db, aside}, nil
}

// SetAside is the file to which Open moved one that was no ledger any more, "" when it was good.
func (s *Store) SetAside() string { return s.aside }

// open opens the file and looks at every page, so that damage shows now. Bbolt panics on some damage, or touches
// memory that isn't there; both count as damage.
func open(path string) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return nil, err
	}
	err = db.View(func(tx *bbolt.Tx) error {
		for problem := range tx.Check() {
			err = fmt.Errorf("%w: %w", errDamaged, problem)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

var errDamaged = errors.New("the file is damaged")

func damaged(err error) bool {
	return errors.Is(err, errDamaged) || errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrChecksum) ||
		errors.Is(err, bolterrors.ErrVersionMismatch) || err != nil && strings.Contains(err.Error(), "file size too small")
}

func bucket() []byte { return []byte("streams") }

// Get returns the value and revision of key, or ledger.ErrNotFound.
func (s *Store) Get(key string) (value []byte, revision uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
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
	err := s.db.Update(func(tx *bbolt.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		b := tx.Bucket(bucket())
		if current, _ := split(b.Get([]byte(key))); current != revision {
			return ledger.ErrConflict
		}
		return b.Put([]byte(key), append(binary.BigEndian.AppendUint64(nil, next), value...))
	})
	if err != nil {
		return 0, err
	}
	return next, nil
}

// Keys lists all keys.
func (s *Store) Keys() (keys []string, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket()).ForEach(func(k, _ []byte) error {
			keys = append(keys, string(k))
			return nil
		})
	})
	return keys, err
}

// Close lets go of the file.
func (s *Store) Close() error { return s.db.Close() }

// split takes a stored value apart; revision 0 means that there is none.
func split(stored []byte) (revision uint64, value []byte) {
	if len(stored) < 8 {
		return 0, nil
	}
	return binary.BigEndian.Uint64(stored), append([]byte(nil), stored[8:]...)
}
