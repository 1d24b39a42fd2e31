package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// far is a byte behind all that a file can hold. Windows keeps others from reading what is locked, and readers are welcome.
func far() *windows.Overlapped { return &windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<31 - 1} }

func lock(file *os.File, wait bool) error {
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK)
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, far())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

func unlock(file *os.File) error {
	return windows.UnlockFileEx(windows.Handle(file.Fd()), 0, 1, 0, far())
}

// mayRead knows only whether it is there: what an access control list allows shows when it is read.
func mayRead(path string) error {
	_, err := os.Stat(path)
	return err
}

// mayWrite knows of the read-only attribute only: what an access control list allows shows when it is tried.
func mayWrite(path string, directory bool) bool {
	info, err := os.Stat(path)
	return err == nil && (directory || info.Mode().Perm()&0o200 != 0)
}

// free is what the disk has left for this user.
func free(directory string) (bytes uint64, err error) {
	name, err := windows.UTF16PtrFromString(directory)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &bytes, nil, nil)
	return bytes, err
}
