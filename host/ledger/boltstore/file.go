package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/riskrelay/riskrelay/host/durable"
)

// open opens the file, sets it aside when it is damaged, and prepares it.
func (s *Store) open() error {
	dir := filepath.Dir(s.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the ledger's directory: %w", err)
	}
	err := s.openAt(s.path)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	if damaged(err) {
		aside, renameErr := setAside(s.path)
		if renameErr != nil {
			return renameErr
		}
		s.aside = aside
		err = s.openAt(s.path)
	}
	if err != nil {
		return fmt.Errorf("open the ledger %s: %w", s.path, err)
	}
	err = guarded(func() error { return prepare(s.db) })
	if err == nil {
		err = durable.SyncDirectory(dir) // a new file's name
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("prepare the ledger %s: %w", s.path, err), s.db.Close())
		s.db = nil
		return err
	}
	return nil
}

// keptAside is how many damaged files are kept: enough to look into, too few to fill the disk.
const keptAside = 2

// setAside moves a damaged file away and returns its new name. Older ones are removed.
func setAside(path string) (string, error) {
	aside := fmt.Sprintf("%s.%d.damaged", path, time.Now().Unix())
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("set the damaged ledger aside: %w", err)
	}
	files, err := os.ReadDir(filepath.Dir(path)) // in the order of their names, and so of their times
	if err != nil {
		return "", fmt.Errorf("look for damaged ledgers: %w", err)
	}
	older := slices.DeleteFunc(files, func(f os.DirEntry) bool {
		return !strings.HasPrefix(f.Name(), filepath.Base(path)+".") || !strings.HasSuffix(f.Name(), ".damaged")
	})
	for _, f := range older[:max(0, len(older)-keptAside)] {
		_ = os.Remove(filepath.Join(filepath.Dir(path), f.Name())) // tried again the next time
	}
	return aside, nil
}

// openAt opens a file after a look at every page, so that damage shows now.
func (s *Store) openAt(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 { // else there is nothing to look at
		looked := &Store{openFile: s.openFile}
		if err := looked.readAt(path); err != nil {
			return err
		}
		if err := looked.db.Close(); err != nil {
			return err
		}
	}
	return s.boltAt(path, bbolt.Options{})
}

// readAt opens a file for reading only, which bbolt does without following any page but the first two, and checks it.
func (s *Store) readAt(path string) error {
	if err := s.boltAt(path, bbolt.Options{ReadOnly: true}); err != nil {
		return err
	}
	if err := guarded(func() error { return check(s.db, s.file) }); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

func (s *Store) boltAt(path string, options bbolt.Options) error {
	var file *os.File
	options.Timeout = lockWait
	options.OpenFile = func(path string, flag int, mode os.FileMode) (_ *os.File, err error) {
		file, err = s.openFile(path, flag, mode)
		return file, err
	}
	return guarded(func() error {
		db, err := bbolt.Open(path, 0o600, &options)
		if err == nil {
			s.file, s.db = file, db
		}
		return err
	})
}

var errDamaged = errors.New("the file is damaged")

// guarded turns the panics of bbolt on a damaged file into errors. It also touches memory that isn't there when a file
// got shorter.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return do()
}

func damaged(err error) bool {
	return errors.Is(err, errDamaged) || errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrChecksum) ||
		errors.Is(err, bolterrors.ErrVersionMismatch) || err != nil && strings.Contains(err.Error(), "file size too small")
}

// view reads the file. One that turns out to be unreadable is got over as before a write: whoever reads in order to write would
// never come to that.
func (s *Store) view(do func(*bbolt.Tx) error) error {
	read, err := s.look(do)
	if s.path == "" || !errors.Is(err, errDamaged) && !errors.Is(err, errNotOpen) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == read || s.db == nil { // else somebody else has got over it
		s.torn = s.torn || errors.Is(err, errDamaged)
		if err := s.ready(); err != nil {
			return err
		}
	}
	return guarded(func() error { return s.db.View(do) })
}

// look reads the file as it is, and returns which one that was.
func (s *Store) look(do func(*bbolt.Tx) error) (*bbolt.DB, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil || s.torn {
		return s.db, errNotOpen
	}
	return s.db, guarded(func() error { return s.db.View(do) })
}

var errNotOpen = errors.New("the ledger's file is not open")

// update writes the file, in one transaction that is on the disk when it returns. Done, which may be nil, is called when it
// is, before anybody else writes.
func (s *Store) update(do func(*bbolt.Tx) error, done func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return err
	}
	var refused error
	err := guarded(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			refused = do(tx)
			return refused
		})
	})
	if err == nil && done != nil {
		done()
	}
	if err != nil && refused == nil {
		// A sync that failed isn't tried again on the same file: the system may have dropped the pages meanwhile.
		s.broken, s.torn = true, errors.Is(err, errDamaged)
	}
	return err
}

// ready gets over what happened to the file since the last write.
func (s *Store) ready() error {
	switch {
	case s.closed:
		return errNotOpen
	case s.torn:
		return s.begin()
	case s.db == nil:
		return s.reopen()
	}
	there, err := os.Stat(s.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		switch err := s.rewrite(); {
		case errors.Is(err, errDamaged): // what is open can't be read either
			s.torn = true
			return s.begin()
		case err != nil:
			return fmt.Errorf("write the ledger anew, whose file was removed: %w", err)
		}
		s.tell("the ledger's file was removed while in use and is written anew: nothing is lost")
		return nil
	case err != nil:
		return fmt.Errorf("look for the ledger: %w", err)
	}
	if open, err := s.file.Stat(); err == nil && !os.SameFile(open, there) {
		return ErrReplaced
	}
	if s.broken {
		return s.reopen()
	}
	return nil
}

// reopen opens the file again after a write that failed.
func (s *Store) reopen() error {
	if s.db != nil {
		_ = s.db.Close() // the file has failed already
		s.db = nil
	}
	before := s.aside
	if err := s.open(); err != nil {
		return err
	}
	s.broken = false
	if s.aside != before {
		s.begun()
	}
	return nil
}

// begin sets the file aside, which can't be read any more, and begins a new one. The old one stays open: bbolt may hold
// locks since its panic.
func (s *Store) begin() error {
	aside, err := setAside(s.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	if aside != "" {
		s.aside = aside
	}
	s.broken, s.torn = false, false
	s.begun()
	return nil
}

// begun tells that the file lacks what was written before. Whoever writes has it in memory.
func (s *Store) begun() {
	s.tell("the ledger's file became unreadable while in use and is written anew: no event is lost. What was proven until now is lost, so that audits leave it out and `riskrelay verify` shows it as not recorded; the old file is " + cmp.Or(s.aside, "gone"))
}

func (s *Store) tell(what string) {
	if s.Told != nil {
		s.Told(what)
	}
}
