package durable

import (
	"errors"
	"os"
)

// ErrLocked says that another process has locked a file.
var ErrLocked = errors.New("another process has locked the file")

// Lock keeps other processes that lock the file away from it until Unlock, or until the file is closed. When another has
// it, Lock waits, or without wait returns ErrLocked. On a file system without locks the error is errors.ErrUnsupported.
func Lock(file *os.File, wait bool) error { return lock(file, wait) }

// Unlock lets others lock the file. The error is errors.ErrUnsupported as that of Lock.
func Unlock(file *os.File) error { return unlock(file) }

// MayWriteIn reports whether this process may make files in the directory.
func MayWriteIn(directory string) bool { return mayWrite(directory, true) }

// MayRead reports why this process may not read the file, without opening it: a pipe would wait for its writer.
func MayRead(path string) error { return mayRead(path) }

// MayWrite reports whether this process may read and write the file.
func MayWrite(path string) bool { return mayWrite(path, false) }

// Free is how many bytes the directory's file system has left for this process.
func Free(directory string) (uint64, error) { return free(directory) }
