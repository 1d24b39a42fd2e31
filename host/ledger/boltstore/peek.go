package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Peek opens the ledger in dir for reading only, and changes nothing. The error is fs.ErrNotExist when there is none, ErrLocked
// while another process writes it, and ErrNewer where a newer version wrote it. The store must be closed, and only be read.
func Peek(dir string) (*Store, error) {
	path := filepath.Join(dir, FileName)
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	} else if info.Size() == 0 {
		return nil, fmt.Errorf("read the ledger: %s is empty: %w", path, fs.ErrNotExist)
	}
	s := &Store{openFile: os.OpenFile}
	err := s.readAt(path)
	if err == nil {
		err = s.view(func(tx *bbolt.Tx) error {
			if tx.Bucket(records()) == nil {
				return fmt.Errorf("%w: it has no streams", errDamaged)
			}
			if err := checkFormat(tx); !errors.Is(err, errNewFile) {
				return err
			}
			return nil
		})
		if err == nil {
			return s, nil
		}
		err = errors.Join(err, s.db.Close())
	}
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	if damaged(err) {
		return nil, fmt.Errorf("read the ledger %s: %w: it is damaged, and `riskrelay run` will set it aside and begin a new one", path, err)
	}
	return nil, fmt.Errorf("read the ledger %s: %w", path, err)
}
