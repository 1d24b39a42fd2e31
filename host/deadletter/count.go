package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Count says how many letters of a sink wait, and how many bytes they have on the disk. The files are not parsed.
func (s *Store) Count(sink string) (letters int, size int64, err error) {
	for _, path := range []string{s.path(sink) + aside, s.path(sink)} {
		n, length, err := countLines(path)
		if err != nil {
			return 0, 0, fmt.Errorf("count dead letters: %w", err)
		}
		letters, size = letters+n, size+length
	}
	return letters, size, nil
}

func countLines(path string) (n int, size int64, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	for block := make([]byte, 256<<10); ; {
		got, err := file.Read(block)
		n, size = n+bytes.Count(block[:got], []byte{'\n'}), size+int64(got)
		if errors.Is(err, io.EOF) {
			return n, size, nil
		}
		if err != nil {
			return 0, 0, err
		}
	}
}
