package fence

import (
	"encoding/binary"
	"os"
	"runtime"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// What a filter answers. https://man7.org/linux/man-pages/man2/seccomp.2.html
const (
	allowed = unix.SECCOMP_RET_ALLOW
	eperm   = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	enosys  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// judge is what the filter says of a call, whose architecture is this machine's unless one is given.
func judge(t *testing.T, o *order, machine, number uint32, arguments ...uint64) uint32 {
	t.Helper()
	policy, err := policyFor(o, runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	program, err := policy.Assemble()
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	// The machine of package bpf reads as the network does; halves of arguments lie as this processor has them.
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data, number)
	binary.BigEndian.PutUint32(data[4:], machine)
	for i, a := range arguments {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	verdict, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(verdict)
}

func here(t *testing.T) *arch.Info {
	t.Helper()
	info, err := arch.GetInfo("")
	if err != nil {
		t.Skip(err)
	}
	return info
}

func TestPolicy(t *testing.T) {
	narrow, wide := &order{abi: abiScopes}, &order{abi: abiScopes, Options: Options{Network: true, Limits: Limits{Processes: 1}}}
	old := &order{abi: abiScopes - 1}
	const thread, process = unix.CLONE_VM | unix.CLONE_THREAD, uint64(unix.SIGCHLD)
	const flags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	tests := []struct {
		order *order
		call  string
		args  []uint64
		want  uint32
	}{
		{narrow, "read", nil, allowed},
		{narrow, "execve", nil, allowed},
		{narrow, "clone3", nil, enosys},
		{narrow, "clone", []uint64{thread}, allowed},
		{narrow, "clone", []uint64{process}, eperm},
		{wide, "clone", []uint64{process}, allowed},
		{narrow, "clone", []uint64{thread | unix.CLONE_NEWUSER}, eperm},
		{wide, "clone", []uint64{process | unix.CLONE_NEWUSER}, eperm},
		{wide, "clone", []uint64{process | unix.CLONE_NEWNET}, eperm},
		{wide, "clone", []uint64{process | unix.CLONE_PARENT}, eperm},
		{wide, "clone", []uint64{process | unix.CLONE_PIDFD}, eperm},
		{narrow, "socket", []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allowed},
		{narrow, "socket", []uint64{unix.AF_UNIX, unix.SOCK_STREAM | flags}, allowed},
		{narrow, "socket", []uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, eperm},
		{wide, "socket", []uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, eperm},
		{narrow, "socket", []uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET}, eperm},
		{narrow, "socketpair", []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allowed},
		{wide, "socketpair", []uint64{unix.AF_UNIX, unix.SOCK_DGRAM | flags}, eperm},
		{narrow, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM}, eperm},
		{wide, "socket", []uint64{unix.AF_INET6, unix.SOCK_STREAM | flags, unix.IPPROTO_TCP}, allowed},
		{wide, "socket", []uint64{unix.AF_INET, unix.SOCK_DGRAM | flags, unix.IPPROTO_UDP}, allowed},
		{wide, "socket", []uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, eperm},
		{wide, "socket", []uint64{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}, eperm},
		{wide, "socket", []uint64{unix.AF_INET, unix.SOCK_RAW}, eperm},
		{wide, "socket", []uint64{unix.AF_NETLINK, unix.SOCK_STREAM}, eperm},
		{wide, "socket", []uint64{unix.AF_VSOCK, unix.SOCK_STREAM}, eperm},
		{narrow, "connect", nil, eperm},
		{wide, "connect", nil, allowed},
		{narrow, "prlimit64", []uint64{0, unix.RLIMIT_NOFILE}, allowed},
		{narrow, "prlimit64", []uint64{1, unix.RLIMIT_NOFILE}, eperm},
		{narrow, "prlimit64", []uint64{1 << 32}, eperm},
		{narrow, "prctl", []uint64{unix.PR_SET_NAME}, allowed},
		{narrow, "prctl", []uint64{unix.PR_SET_DUMPABLE, 0}, allowed},
		{narrow, "prctl", []uint64{unix.PR_SET_DUMPABLE, 1}, eperm},
		{narrow, "prctl", []uint64{unix.PR_SET_PDEATHSIG}, eperm},
		{narrow, "prctl", []uint64{unix.PR_SET_CHILD_SUBREAPER, 1}, eperm},
		{narrow, "fcntl", []uint64{0, unix.F_SETFL}, allowed},
		{narrow, "fcntl", []uint64{0, unix.F_SETOWN}, eperm},
		{narrow, "fcntl", []uint64{0, unix.F_SETSIG}, eperm},
		{narrow, "ioctl", []uint64{0, unix.TCGETS}, allowed},
		{narrow, "ioctl", []uint64{0, unix.TIOCSTI}, eperm},
		{narrow, "kill", []uint64{1}, allowed}, // Landlock says whom
		{old, "kill", []uint64{1}, eperm},
		{old, "tgkill", []uint64{uint64(os.Getpid())}, allowed},
		{old, "tgkill", []uint64{1}, eperm},
		{wide, "setsid", nil, eperm},
		{wide, "setpgid", nil, eperm},
		{wide, "ptrace", nil, eperm},
		{wide, "fchmodat2", nil, eperm},
		{wide, "setxattrat", nil, eperm},
		{wide, "open_by_handle_at", nil, eperm},
		{wide, "process_madvise", nil, eperm},
		{wide, "seccomp", nil, eperm},
		{wide, "kexec_load", nil, eperm},
	}
	machine := here(t)
	for _, tt := range tests {
		number, ok := machine.SyscallNames[tt.call]
		if !ok {
			t.Errorf("%s isn't known", tt.call)
		}
		if got := judge(t, tt.order, uint32(machine.ID), uint32(number), tt.args...); got != tt.want {
			t.Errorf("%s %#x = %#x, want %#x (network %v)", tt.call, tt.args, got, tt.want, tt.order.Network)
		}
	}
}

// TestPolicyOfOtherConventions makes calls as programs of another processor do, and of the one with 32-bit pointers.
func TestPolicyOfOtherConventions(t *testing.T) {
	for _, foreign := range []*arch.Info{arch.I386, arch.ARM, arch.AARCH64, arch.X86_64} {
		for name, number := range foreign.SyscallNames {
			if foreign.ID == here(t).ID {
				break
			}
			if got := judge(t, new(order), uint32(foreign.ID), uint32(number)); got != eperm {
				t.Errorf("%s of %s = %#x", name, foreign.Name, got)
			}
		}
	}
	if here(t).ID == arch.X86_64.ID {
		if got := judge(t, new(order), uint32(arch.X86_64.ID), uint32(arch.X32.SeccompMask)); got != enosys {
			t.Errorf("read of x32 = %#x", got)
		}
	}
}

// TestNoListOfCalls says so rather than guess.
func TestNoListOfCalls(t *testing.T) {
	if _, err := policyFor(new(order), "riscv64"); err == nil {
		t.Error("there is a filter for riscv64")
	}
}
