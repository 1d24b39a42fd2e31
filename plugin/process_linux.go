package plugin

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockThread keeps the goroutine on one thread until the result is called, because the death signal comes when the
// thread that started the child ends.
func lockThread() (unlock func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// processAttributes puts the child into a process group of its own and has the kernel kill it when this process dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitExit returns when the child has ended, and leaves it unreaped: until then its number can't be given to another
// process or group.
func awaitExit(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// inGroup reports whether a process is in a process group.
func inGroup(pid, group int) bool {
	of, err := unix.Getpgid(pid)
	return err == nil && of == group
}

// undumpable keeps processes of the same user from debugging this one, from reading its memory and its environment. It holds
// until a program is executed.
func undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) } // it can't fail: there is no other kind of error than a wrong number

// killGroup kills the child and everything in its process group.
func killGroup(pid int) {
	_ = unix.Kill(-pid, unix.SIGKILL) // what fails has ended
	_ = unix.Kill(pid, unix.SIGKILL)  // in case it left its group
}
