package endpoint

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// peerTimeout is how long, in milliseconds, sent bytes may stay unacknowledged before the connection counts as dead
// (tcp(7), TCP_USER_TIMEOUT).
const peerTimeout = 30_000

func tune(conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		kind, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
		if err != nil || kind != unix.SOCK_STREAM {
			failed = err
			return
		}
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, peerTimeout)
	})
	return errors.Join(err, failed)
}

// Ended reports whether the peer has ended a TCP connection, as the system knows it (tcp(7), TCP_INFO); false where that can't be
// told, true when the connection was closed here.
func Ended(conn net.Conn) bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	ended := false
	err = raw.Control(func(fd uintptr) {
		info, failed := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		ended = failed == nil && (info.State == unix.BPF_TCP_CLOSE || info.State == unix.BPF_TCP_CLOSE_WAIT || info.State == unix.BPF_TCP_LAST_ACK)
	})
	return ended || err != nil
}

// Unacknowledged is how many bytes of a TCP connection the peer's system has not acknowledged yet; known is false
// where that can't be told (tcp(7), SIOCOUTQ).
func Unacknowledged(conn net.Conn) (n int, known bool, err error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0, false, nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false, err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return n, true, errors.Join(err, failed)
}
