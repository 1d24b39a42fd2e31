// Package inputfile reads the small files that people hand to riskrelay: configuration, rules, lists, certificates,
// secrets. Whatever a path leads to, reading it ends: only regular files are opened, and only so many bytes are read.
// Files that the operator named are read by [Read]; names that stand inside rule files are read by [Folder.Read].
package inputfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// MaxConfig is how many bytes of a configuration file, a file with certificates or a private key are read: certificate
// authorities of a whole system are about 200 kB.
const MaxConfig = 1 << 20

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
	data, err := read(way{
		stat: func() (fs.FileInfo, error) { return os.Stat(path) },
		open: func(flags int) (*os.File, error) { return os.OpenFile(path, flags, 0) },
	}, max)
	return data, named(path, err)
}

// way is how a file is found.
type way struct {
	stat func() (fs.FileInfo, error)
	open func(flags int) (*os.File, error)
}

func read(w way, max int64) ([]byte, error) {
	// A device is not even opened, as opening one can have effects. Between the two looks at it the path may come to
	// lead elsewhere, so that the opened file is asked again.
	info, err := w.stat()
	if err == nil {
		err = readable(info, max)
	}
	if err != nil {
		return nil, err
	}
	f, err := w.open(os.O_RDONLY | nonBlocking)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	if info, err = f.Stat(); err == nil {
		err = readable(info, max)
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, max+1)) // files of /proc and growing ones are larger than they say
	if err == nil && int64(len(data)) > max {
		err = TooLargeError{max}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

func readable(info fs.FileInfo, max int64) error {
	switch {
	case !info.Mode().IsRegular():
		return ErrNotRegular
	case info.Size() > max:
		return TooLargeError{max}
	}
	return nil
}

// named is err about path, without what it says of a path itself.
func named(path string, err error) error {
	if err == nil {
		return nil
	}
	if about := (*fs.PathError)(nil); errors.As(err, &about) {
		return &fs.PathError{Op: about.Op, Path: path, Err: about.Err}
	}
	return &fs.PathError{Op: "open", Path: path, Err: err}
}
