package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/failpoint"
)

// lines is a file of whole lines: what append returned from is on the disk, and nothing is there in part. It is not
// for use by several goroutines at once, but other processes may append to the same file in the same way: each locks it.
type lines struct {
	path string
	max  int64 // size above which the file is renamed; 0 for never
	file *os.File
	size int64 // of the file when it was last left, whole lines
	// broken says that a write or sync failed, and the system may have dropped the pages. The file is opened anew before the
	// next write.
	broken bool
	// rest is what an append that failed may have left behind size, in part; it is to be taken away.
	rest []byte
}

func openLines(path string, maxBytes int64) (*lines, error) {
	l := &lines{path: path, max: maxBytes}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, l.unlock()
}

// open opens the file and locks it.
func (l *lines) open() error {
	if err := makeDirectory(filepath.Dir(l.path)); err != nil {
		return err
	}
	file, err := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open file: %w", err)
	}
	if err = lock(file); err == nil {
		l.size, err = settle(file)
	}
	if err == nil {
		err = durable.SyncDirectory(filepath.Dir(l.path))
	}
	if err != nil {
		file.Close() //nolint:errcheck // opening has failed already
		return fmt.Errorf("open %s: %w", l.path, err)
	}
	l.file, l.broken = file, false
	return nil
}

// makeDirectory makes the directory if only that is missing. Where those above it are missing, too, the path is more likely wrong, or a
// disk isn't mounted.
func makeDirectory(directory string) error {
	if _, err := os.Stat(directory); !errors.Is(err, fs.ErrNotExist) {
		return nil // what else is wrong is said when the file is opened
	}
	if err := os.Mkdir(directory, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the file's directory: %w", err)
	}
	return durable.SyncDirectory(filepath.Dir(directory))
}

// settle is the size of the file once it ends with a whole line.
func settle(file *os.File) (int64, error) {
	size, err := whole(file)
	if err != nil {
		return 0, err
	}
	return repair(file, size)
}

var errNotRegular = errors.New("not a regular file: it can't be synced")

// whole is the size of the file without an incomplete last line.
func whole(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errNotRegular
	}
	return durable.WholeLines(file)
}

// repair takes away the incomplete line behind the first size bytes, which a crash left, or, where the line before
// doesn't show that the file is one of ours, completes it with a line feed. It returns the file's size then.
func repair(file *os.File, size int64) (int64, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == size {
		return size, err
	}
	before := make([]byte, min(size, 64<<10))
	if _, err := file.ReadAt(before, size-int64(len(before))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	last := before[bytes.LastIndexByte(bytes.TrimSuffix(before, []byte("\n")), '\n')+1:]
	if bytes.Contains(last, []byte(`"event_id":"`)) {
		return size, cutTo(file, size)
	}
	if _, err := file.WriteString("\n"); err != nil {
		return 0, err
	}
	return info.Size() + 1, file.Sync()
}

func cutTo(file *os.File, size int64) error {
	info, err := file.Stat()
	if err != nil || info.Size() == size {
		return err
	}
	if err := file.Truncate(size); err != nil {
		return err
	}
	return file.Sync()
}

// append writes text, which is whole lines, and returns when it is on the disk. After an error nothing of it counts,
// and what there may be of it is removed, at once or before the next append.
func (l *lines) append(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if err := l.ready(); err != nil {
		return err
	}
	_, err := l.file.Write(text)
	if err == nil {
		failpoint.Hit(failpoint.LinesWritten)
		err = l.file.Sync()
	}
	if err != nil {
		if l.broken = true; cutTo(l.file, l.size) != nil { // while nobody else can write behind it
			l.rest = bytes.Clone(text)
		}
		return fmt.Errorf("append to file: %w", errors.Join(err, l.unlock()))
	}
	l.size += int64(len(text))
	return l.unlock()
}

// moved reports whether somebody moved the file away, removed or replaced it, as logrotate does.
func (l *lines) moved() bool {
	now, err := os.Stat(l.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := l.file.Stat()
	return err == nil && !os.SameFile(now, open)
}

// ready locks the file, or the one that took its place. It opens it anew after a failure, and renames it when it is full.
func (l *lines) ready() error {
	if err := l.take(); err != nil {
		l.broken = true
		return err
	}
	if l.max == 0 || l.size < l.max {
		return nil
	}
	old := fmt.Sprintf("%s.%s", l.path, time.Now().UTC().Format("20060102T150405.000000000Z"))
	if err := os.Rename(l.path, old); err != nil {
		return fmt.Errorf("begin a new file: %w", errors.Join(err, l.unlock()))
	}
	if err := l.take(); err != nil {
		l.broken = true
		return err
	}
	return nil
}

// take locks the file at path, whole lines.
func (l *lines) take() error {
	for {
		if err := l.takeOpen(); err != nil {
			return err
		}
		if !l.moved() {
			break
		}
		l.file.Close() //nolint:errcheck // each write was synced
		if err := l.open(); err != nil {
			return err
		}
		if !l.moved() { // before it was locked
			return nil
		}
	}
	info, err := l.file.Stat()
	if err != nil || info.Size() == l.size {
		return err
	}
	l.size, err = settle(l.file) // another process has written
	return err
}

// takeOpen locks the file that is open, or opens it anew after a failure.
func (l *lines) takeOpen() error {
	if !l.broken {
		return lock(l.file)
	}
	l.file.Close() //nolint:errcheck // writing has failed already
	size := l.size
	err := l.open()
	if err == nil {
		err = l.takeAway(size)
	}
	if err != nil {
		l.size = size
	}
	return err
}

// takeAway removes what an append that failed has left behind size. Where there is anything else, another process has written
// since, or the file is another one, all of it stays: rather some lines twice than one of theirs lost.
func (l *lines) takeAway(size int64) error {
	if length := l.size - size; 0 < length && length <= int64(len(l.rest)) {
		there := make([]byte, length)
		if _, err := l.file.ReadAt(there, size); err != nil {
			return fmt.Errorf("repair %s: %w", l.path, err)
		}
		if bytes.HasPrefix(l.rest, there) {
			if err := cutTo(l.file, size); err != nil {
				return fmt.Errorf("repair %s: %w", l.path, err)
			}
			l.size = size
		}
	}
	l.rest = nil
	return nil
}

func (l *lines) close() error { return l.file.Close() }

func (l *lines) unlock() error {
	if err := durable.Unlock(l.file); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("unlock %s: %w", l.path, err)
	}
	return nil
}

// How long another process may have the file locked, and how often it is tried.
const (
	lockPatience = 10 * time.Second
	lockEvery    = 5 * time.Millisecond
)

// lock keeps other processes away that lock the file too, until it is unlocked or closed. A file system without locks has none.
func lock(file *os.File) error {
	for end := time.Now().Add(lockPatience); ; time.Sleep(lockEvery) {
		err := durable.Lock(file, false)
		switch {
		case err == nil, errors.Is(err, errors.ErrUnsupported):
			return nil
		case !errors.Is(err, durable.ErrLocked):
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		case time.Now().After(end):
			return fmt.Errorf("another process has locked %s for %v: end it, or wait", file.Name(), lockPatience)
		}
	}
}
