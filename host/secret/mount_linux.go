package secret

import "golang.org/x/sys/unix"

// onReadOnly reports whether nobody can write to the file system of a file.
func onReadOnly(path string) bool {
	var at unix.Statfs_t
	return unix.Statfs(path, &at) == nil && at.Flags&unix.ST_RDONLY != 0
}
