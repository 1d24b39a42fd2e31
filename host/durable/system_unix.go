//go:build unix

package durable

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func lock(file *os.File, wait bool) error {
	if wait {
		return flock(file, unix.LOCK_EX)
	}
	return flock(file, unix.LOCK_EX|unix.LOCK_NB)
}

func unlock(file *os.File) error { return flock(file, unix.LOCK_UN) }

// flock is flock(2).
func flock(file *os.File, how int) error {
	for {
		err := unix.Flock(int(file.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrLocked
		case errors.Is(err, unix.ENOLCK): // what NFS without a lock server says
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
		return err
	}
}

func mayRead(path string) error { return unix.Access(path, unix.R_OK) }

// mayWrite is access(2).
func mayWrite(path string, directory bool) bool {
	if directory {
		return unix.Access(path, unix.W_OK|unix.X_OK) == nil
	}
	return unix.Access(path, unix.R_OK|unix.W_OK) == nil
}

// free is what the file system has left for users other than root.
func free(directory string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(directory, &stat); err != nil {
		return 0, err
	}
	return stat.Bavail * uint64(stat.Bsize), nil // a block has a size above 0
}
