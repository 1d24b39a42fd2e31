package admin

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// welcome asks the kernel who connected, and whether it lives: the number of a process that has ended may be somebody else's
// by now. https://man7.org/linux/man-pages/man7/unix.7.html
func (g *guarded) welcome(conn net.Conn) bool {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	welcome := false
	err = raw.Control(func(fd uintptr) {
		caller, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return
		}
		// In another pid namespace than this one, as behind nsenter, a caller has no number and can be no module.
		welcome = caller.Pid == 0 || !g.foreign(int(caller.Pid)) && lives(int(fd))
	})
	return err == nil && welcome
}

// lives reports whether the process that connected still runs. Kernels before Linux 6.5 can't say: it is taken for alive.
func lives(socket int) bool {
	process, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	if err != nil {
		return errors.Is(err, unix.ENOPROTOOPT)
	}
	defer func() { _ = unix.Close(process) }()
	return !errors.Is(unix.PidfdSendSignal(process, 0, nil, 0), unix.ESRCH)
}
