//go:build unix

package admin

import "golang.org/x/sys/unix"

// protect gives a socket that isn't bound yet the mode of the file that bind makes, so that it is nobody else's at any
// moment. Where it doesn't work, the chmod behind it does.
func protect(fd uintptr) { _ = unix.Fchmod(int(fd), 0o600) }
