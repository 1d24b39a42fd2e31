// Package durable holds what it takes for a file's content and name to be there after a crash.
package durable

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// SyncDirectory makes the names in a directory durable.
func SyncDirectory(directory string) error {
	opened, err := os.Open(directory)
	if err != nil {
		return err
	}
	defer opened.Close() //nolint:errcheck // it was only synced
	return opened.Sync()
}

// WholeLines is the size of the file, in bytes, without an incomplete last line, as a crash may leave it.
func WholeLines(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	block := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		start := max(0, end-int64(len(block)))
		n, err := file.ReadAt(block[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			return start + int64(at) + 1, nil
		}
		end = start
	}
	return 0, nil
}
