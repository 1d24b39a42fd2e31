package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/riskrelay/riskrelay/host/durable"
)

const (
	// wasteFrom is the size from which it matters, in bytes, that a file has free space.
	wasteFrom = 1 << 20
	// copyStep is how many bytes are copied in one transaction.
	copyStep = 4 << 20
)

// Compact writes the file anew, without its free space, when that is more than half of it: bbolt files never shrink by
// themselves. It returns the sizes in bytes, which are the same when there was nothing to do. Writes wait meanwhile.
func (s *Store) Compact() (before, after int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return 0, 0, err
	}
	if before, err = s.size(); err != nil || !s.wasteful() {
		return before, before, err
	}
	if err := s.rewrite(); err != nil {
		return before, before, fmt.Errorf("compact the ledger: %w", err)
	}
	after, err = s.size()
	return before, after, err
}

func (s *Store) size() (int64, error) {
	info, err := s.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// wasteful reports whether more than half of a file that isn't small is free.
func (s *Store) wasteful() bool {
	size, err := s.size()
	if err != nil || size < wasteFrom {
		return false
	}
	// The counts are those of the last writing transaction, be it an empty one.
	if tx, err := s.db.Begin(true); err != nil || tx.Rollback() != nil {
		return false
	}
	stats := s.db.Stats()
	return int64(stats.FreePageN+stats.PendingPageN)*int64(s.db.Info().PageSize) > size/2
}

// rewrite copies what the open file holds to a new one that takes its place. The new one is complete, on the disk and
// locked before it gets the name, so that at any moment there is one good file. When it fails, all is as it was.
func (s *Store) rewrite() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	next := &Store{path: s.path + ".new", openFile: s.openFile}
	if err := os.Remove(next.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := next.openAt(next.path); err != nil {
		return err
	}
	err := guarded(func() error { return bbolt.Compact(next.db, s.db, copyStep) })
	if err == nil {
		err = os.Rename(next.path, s.path)
	}
	if err != nil {
		return errors.Join(err, next.db.Close(), os.Remove(next.path))
	}
	_ = s.db.Close() // it was only read; what counts is in the new file
	s.file, s.db, s.broken = next.file, next.db, false
	if err := durable.SyncDirectory(filepath.Dir(s.path)); err != nil {
		s.broken = true // the name may be lost in a crash: the next write opens, and syncs, anew
		return err
	}
	return nil
}
