package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/failpoint"
)

// lines is a file of whole lines: what append returned from is on the disk, and nothing is there in part. It is not
// for use by several goroutines at once.
type lines struct {
	path string
	max  int64 // size above which the file is renamed; 0 for never
	file *os.File
	size int64 // of whole, synced lines
	// broken says that the file may hold more than size: a write or sync failed, and the system may have dropped
	// the pages. The file is opened anew before the next write.
	broken bool
}

func openLines(path string, maxBytes int64) (*lines, error) {
	l := &lines{path: path, max: maxBytes}
	return l, l.open()
}

func (l *lines) open() error {
	file, err := os.OpenFile(l.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open file: %w", err)
	}
	size, err := whole(file)
	if err == nil {
		size, err = repair(file, size)
	}
	if err == nil {
		err = durable.SyncDirectory(filepath.Dir(l.path))
	}
	if err != nil {
		file.Close() //nolint:errcheck // opening has failed already
		return fmt.Errorf("open %s: %w", l.path, err)
	}
	l.file, l.size, l.broken = file, size, false
	return nil
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
// and the next append begins by removing what there may be of it.
func (l *lines) append(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if err := l.ready(); err != nil {
		return err
	}
	if _, err := l.file.Write(text); err != nil {
		l.broken = true
		return fmt.Errorf("append to file: %w", err)
	}
	failpoint.Hit(failpoint.LinesWritten)
	if err := l.file.Sync(); err != nil {
		l.broken = true
		return fmt.Errorf("append to file: %w", err)
	}
	l.size += int64(len(text))
	return nil
}

// moved reports whether somebody moved the file away, removed or replaced it, as logrotate does.
func (l *lines) moved() bool {
	if l.broken {
		return false
	}
	now, err := os.Stat(l.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := l.file.Stat()
	return err == nil && !os.SameFile(now, open)
}

// ready opens the file anew after a failure, and renames it when it is full.
func (l *lines) ready() error {
	if l.moved() {
		l.file.Close() //nolint:errcheck // each write was synced
		if err := l.open(); err != nil {
			l.broken = true
			return err
		}
	}
	if l.broken {
		l.file.Close() //nolint:errcheck // writing has failed already
		size := l.size
		if err := l.open(); err != nil {
			return err
		}
		size = min(size, l.size) // somebody may have moved the file away
		if err := cutTo(l.file, size); err != nil {
			l.broken = true
			return fmt.Errorf("repair %s: %w", l.path, err)
		}
		l.size = size
	}
	if l.max == 0 || l.size < l.max {
		return nil
	}
	old := fmt.Sprintf("%s.%s", l.path, time.Now().UTC().Format("20060102T150405.000000000Z"))
	if err := os.Rename(l.path, old); err != nil {
		return fmt.Errorf("begin a new file: %w", err)
	}
	l.file.Close() //nolint:errcheck // each write was synced
	if err := l.open(); err != nil {
		l.broken, l.size = true, 0
		return err
	}
	return nil
}

func (l *lines) close() error { return l.file.Close() }
