package fence

// plainCalls are the system calls that every module may make, whatever the arguments: what the runtimes of Go, C, Python, Node
// and the shells need to compute, to read files and to answer on a socket. What is missing here on purpose:
//
//   - setsid, setpgid: who leaves the process group would outlive the module;
//   - chmod, chown, utime, setxattr and their kin: Landlock doesn't cover what is said about a file;
//   - connect, other sockets, kill, clone: see narrowCalls and policyFor;
//   - ptrace, process_vm_*, kcmp, pidfd_*, sched_set*, setpriority, ioprio_set: they reach into other processes;
//   - io_uring_*: what is asked for there passes no filter; inotify, fanotify: they tell of files that may not be read;
//   - memfd_create, shmget, mq_*, keyctl, bpf, perf_event_open, userfaultfd, mount, unshare, and all that takes an
//     administrator.
//
// Those that a processor doesn't have are left out there.
func plainCalls() []string {
	return []string{
		// memory
		"brk", "madvise", "membarrier", "mincore", "mlock", "mlock2", "mmap", "mprotect", "mremap", "msync", "munlock", "munmap",
		// threads and time
		"alarm", "arch_prctl", "clock_getres", "clock_gettime", "clock_nanosleep", "futex", "futex_requeue", "futex_wait", "futex_waitv",
		"futex_wake", "get_robust_list", "getcpu", "getitimer", "gettimeofday", "nanosleep", "rseq", "sched_get_priority_max",
		"sched_get_priority_min", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list",
		"set_tid_address", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime",
		"timerfd_create", "timerfd_gettime", "timerfd_settime", "times",
		// its own processes, and what it is itself
		"capget", "execve", "execveat", "exit", "exit_group", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid",
		"getppid", "getpriority", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid", "setrlimit", "sysinfo",
		"umask", "uname", "wait4", "waitid",
		// signals that it takes
		"pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
		"sigaltstack", "signalfd", "signalfd4",
		// files that Landlock lets it open
		"access", "chdir", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64",
		"fchdir", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "getcwd", "getdents", "getdents64", "lseek", "lstat", "newfstatat", "fstatat",
		"open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
		"readlinkat", "readv", "sendfile", "splice", "stat", "statfs", "statx", "tee", "unlink", "unlinkat", "write", "writev",
		// waiting, pipes
		"epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "pipe", "pipe2",
		"poll", "ppoll", "pselect6", "select",
		// sockets that it has
		"accept", "accept4", "bind", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom", "recvmmsg", "recvmsg", "sendmmsg",
		"sendmsg", "sendto", "setsockopt", "shutdown",
		// chance
		"getrandom",
	}
}

// absentCalls are told to be unknown, so that libraries go the older way, whose arguments a filter can read.
func absentCalls() []string {
	return []string{"clone3", "get_mempolicy", "map_shadow_stack", "mbind", "mseal", "set_mempolicy"}
}
