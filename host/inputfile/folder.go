package inputfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOutside is the reason when a name leads out of the folder that confines it.
var ErrOutside = errors.New("leads out of its folder (links inside a folder are followed when they are relative)")

// errNotFolder is the reason when what should be a folder is none.
var errNotFolder = errors.New("not a folder")

// Folder reads files below one folder and nothing outside of it, whatever links lie there.
type Folder struct {
	dir     string
	root    *os.Root
	escapes error // what root says of names that lead out of it
}

// OpenFolder opens a folder that the operator named, which may be a symbolic link to one. It must be closed.
func OpenFolder(dir string) (*Folder, error) {
	info, err := os.Stat(dir) // before it is opened, as opening a pipe would wait
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errNotFolder}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	_, escapes := root.Lstat("..") // package os has no name for this error
	return &Folder{dir: dir, root: root, escapes: errors.Unwrap(escapes)}, nil
}

// FS shows the names in the folder, for walking through it. Files are read by [Folder.Read].
func (f *Folder) FS() fs.FS { return f.root.FS() }

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Read is [Read] for a name below the folder. The error is around [ErrOutside], too, when the name or a link on its way
// leads out of the folder; nothing is opened then.
func (f *Folder) Read(name string, max int64) ([]byte, error) {
	data, err := read(way{
		stat: func() (fs.FileInfo, error) { return f.root.Stat(name) },
		open: func(flags int) (*os.File, error) { return f.root.OpenFile(name, flags, 0) },
	}, max)
	return data, f.named(name, err)
}

// named is err with the whole path.
func (f *Folder) named(name string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, f.escapes) {
		err = ErrOutside
	}
	return named(filepath.Join(f.dir, name), err)
}
