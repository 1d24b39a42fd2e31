package deadletter

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/riskrelay/riskrelay/host/durable"
)

// appendLines adds text, which is whole lines, to the file, and returns when it is on the disk. After an error nothing of
// it is there. Limit is the size the file may have, 0 for none; an empty file takes
// anything, so that one huge event can't hold a sink up for ever.
func appendLines(path string, text []byte, limit int64) error {
	if len(text) == 0 {
		return nil
	}
	file, err := openLocked(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it is synced below
	size, err := durable.WholeLines(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if limit > 0 && size > 0 && size+int64(len(text)) > limit {
		return ErrFull
	}
	if err := file.Truncate(size); err != nil { // a crash may have left a part of a line
		return fmt.Errorf("repair %s: %w", path, err)
	}
	if _, err = file.Write(text); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return fmt.Errorf("append to %s: %w", path, errors.Join(err, file.Truncate(size)))
	}
	return durable.SyncDirectory(filepath.Dir(path))
}

// openLocked opens the file, alone until it is closed. A file that was moved meanwhile is opened anew.
func openLocked(path string, flags int) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, flags, 0o600)
		if err != nil {
			return nil, err
		}
		if err := durable.Lock(file, true); err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, file.Close()))
		}
		opened, err := file.Stat()
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if there, err := os.Stat(path); err == nil && os.SameFile(opened, there) {
			return file, nil
		}
		file.Close() //nolint:errcheck // nothing was written
	}
}

// eachIn shows the letters in a file; none when there is none. A damaged line is shown as a letter that says so, so that
// nothing disappears when the file is written anew.
func eachIn(path string, visit func(Letter) error) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	size, err := durable.WholeLines(file)
	if err != nil {
		return fmt.Errorf("read dead letters in %s: %w", path, err)
	}
	lines := bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read dead letters in %s: %w", path, err)
		}
		if err := visit(parse(line)); err != nil {
			return err
		}
	}
}

// parse reads a line.
func parse(line []byte) (l Letter) {
	if err := json.Unmarshal(line, &l); err != nil || len(l.Event) == 0 || l.Sum != "" && l.Sum != sum(l.Event) {
		text, _ := json.Marshal(string(line)) // a string always can be
		return Letter{Time: time.Now().UTC(), Reason: damaged, Event: fmt.Appendf(nil, `{"line":%s}`, text)}
	}
	return l
}

const damaged = "this line of the file is damaged"
