//go:build !linux

package endpoint

import (
	"net"
	"syscall"
)

func tune(syscall.RawConn) error { return nil }

// Ended reports whether the peer has ended a TCP connection, as the system knows it; false where that can't be told, as on this
// system.
func Ended(net.Conn) bool { return false }

// Unacknowledged is how many bytes of a TCP connection the peer's system has not acknowledged yet; known is false
// where that can't be told, as on this system.
func Unacknowledged(net.Conn) (n int, known bool, err error) { return 0, false, nil }
