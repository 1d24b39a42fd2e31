package secret

import "golang.org/x/sys/unix"

// Undumpable keeps other processes of the same user from debugging this one and from reading its environment and memory, where
// its secrets are. https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
func Undumpable() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
