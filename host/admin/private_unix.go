//go:build unix

package admin

import "golang.org/x/sys/unix"

// makePrivate lets only its owner use a descriptor, and the file that it becomes.
func makePrivate(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) }
