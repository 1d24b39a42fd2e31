// Package inputfile reads the small files that people hand to riskrelay: configuration, rules, lists, certificates,
// secrets. Whatever a path leads to, reading it ends: only regular files are opened, and only so many bytes are read.
package inputfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular is the reason when a path leads to a device, a pipe, a socket or a directory.
var ErrNotRegular = errors.New("not a regular file")

// TooLargeError says that a file holds more bytes than are read.
type TooLargeError struct{ Max int64 }

func (e TooLargeError) Error() string {
	return fmt.Sprintf("larger than the %d bytes that are read", e.Max)
}

// Read returns the content of a file that the operator named, which may be a symbolic link to a regular file. Nothing
// is read of a file that isn't regular or holds more than max bytes. Errors are *fs.PathError with the path as it was
// given, around [ErrNotRegular], [TooLargeError] or what the system says.
func Read(path string, max int64) ([]byte, error) {
	// A device is not even opened, as opening one can have effects. Between the two looks at it the path may come to
	// lead elsewhere, so that the opened file is asked again.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return readAll(f, path, max)
}

func readAll(f fs.File, path string, max int64) ([]byte, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	case info.Size() > max:
		return nil, &fs.PathError{Op: "read", Path: path, Err: TooLargeError{max}}
	}
	data, err := io.ReadAll(io.LimitReader(f, max+1)) // files of /proc and growing ones are larger than they say
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > max {
		return nil, &fs.PathError{Op: "read", Path: path, Err: TooLargeError{max}}
	}
	return data, nil
}
