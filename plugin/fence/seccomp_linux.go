package fence

import (
	"fmt"
	"os"
	"runtime"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// filter refuses the module, and all that it starts, every system call that isn't in the list. What is refused fails with
// EPERM. A call in the convention of another processor, which is numbered otherwise, is refused as well.
func filter(o *order) error {
	policy, err := policyFor(o, runtime.GOARCH)
	if err != nil {
		o.noFilter = err
		return nil
	}
	err = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Policy: policy})
	if missing(err) {
		o.noFilter = fmt.Errorf("the kernel filters no system calls (%w): it needs CONFIG_SECCOMP_FILTER", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("filter its system calls: %w", err)
	}
	return nil
}

// policyFor is the filter for a processor, by Go's name of it. The error says that there is no list for it.
func policyFor(o *order, goarch string) (seccomp.Policy, error) {
	if goarch != "amd64" && goarch != "arm64" {
		return seccomp.Policy{}, fmt.Errorf("which system calls programs need isn't known for the processor %s", goarch)
	}
	processor, err := arch.GetInfo(goarch)
	if err != nil {
		return seccomp.Policy{}, fmt.Errorf("filter system calls: %w", err)
	}
	known := func(name string) bool { _, ok := processor.SyscallNames[name]; return ok }
	here := func(names []string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return !known(name) })
	}
	names := plainCalls()
	if o.Limits.Processes > 0 {
		names = append(names, "fork", "vfork")
	}
	if o.Network {
		names = append(names, "connect")
	}
	if o.abi >= abiScopes { // Landlock refuses signals to others
		names = append(names, "kill", "tkill", "tgkill")
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionErrno, // EPERM
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: here(names)},
			{Action: seccomp.ActionAllow, NamesWithCondtions: slices.DeleteFunc(narrowCalls(o), func(n seccomp.NameWithConditions) bool {
				return !known(n.Name)
			})},
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: here(absentCalls())},
		},
	}, nil
}

// only allows a call when all conditions hold. Entries of the same name are alternatives.
func only(name string, conditions ...seccomp.Condition) seccomp.NameWithConditions {
	return seccomp.NameWithConditions{Name: name, Conditions: conditions}
}

func is(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.Equal, Value: value}
}

// bit holds when a bit is set. Of several the library asks for any, so that there must be one.
func bit(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.BitsSet, Value: value}
}

// none holds when none of the bits is set.
func none(argument uint32, bits uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.BitsNotSet, Value: bits}
}

// each allows a call with one of several values of an argument.
func each(name string, argument uint32, values ...uint64) (all []seccomp.NameWithConditions) {
	for _, v := range values {
		all = append(all, only(name, is(argument, v)))
	}
	return all
}

// narrowCalls are the calls that are allowed with certain arguments only.
func narrowCalls(o *order) []seccomp.NameWithConditions {
	const self = 0 // as a process id
	calls := []seccomp.NameWithConditions{
		only("prlimit64", is(0, self)), // another's limits may be lowered
		only("personality", is(0, 0xffffffff)),
		only("socketpair", is(0, unix.AF_UNIX), stream()),
		only("prctl", is(0, unix.PR_SET_DUMPABLE), is(1, 0)),
		cloning(o.Limits.Processes > 0),
	}
	// Who dies with whom, who may debug it and whose orphans it adopts isn't for the module to say.
	calls = append(calls, each("prctl", 0, unix.PR_SET_NAME, unix.PR_GET_NAME, unix.PR_GET_DUMPABLE, unix.PR_GET_PDEATHSIG, unix.PR_CAPBSET_READ,
		unix.PR_SET_NO_NEW_PRIVS, unix.PR_GET_NO_NEW_PRIVS, unix.PR_SET_VMA, unix.PR_GET_AUXV, unix.PR_GET_SECCOMP)...)
	// No owner, signal or lease: the kernel would signal whom they name.
	calls = append(calls, each("fcntl", 1, unix.F_DUPFD, unix.F_DUPFD_CLOEXEC, unix.F_GETFD, unix.F_SETFD, unix.F_GETFL, unix.F_SETFL,
		unix.F_GETLK, unix.F_SETLK, unix.F_SETLKW, unix.F_OFD_GETLK, unix.F_OFD_SETLK, unix.F_OFD_SETLKW,
		unix.F_GETPIPE_SZ, unix.F_SETPIPE_SZ, unix.F_GET_SEALS)...)
	calls = append(calls, each("ioctl", 1, unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCGPGRP, unix.TIOCINQ, fioNonblock, fioCloexec, fioNoCloexec)...)
	if o.abi < abiScopes {
		calls = append(calls, only("tgkill", is(0, uint64(os.Getpid())))) // its own threads, as Go's scheduler does; an exec keeps the number
	}
	return append(calls, sockets(o.Network)...)
}

// What programs ask of descriptors by ioctl, as the processors above number it.
// https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/ioctls.h
const (
	fioNonblock  = 0x5421
	fioNoCloexec = 0x5450
	fioCloexec   = 0x5451
)

// onlyFlags are all bits of a socket's type but flags, of which stream's lowest bit is left out.
const onlyFlags = 0xffffffff &^ (unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK)

// stream holds for the type of a stream's socket: datagrams need no connection to be sent somewhere.
func stream() seccomp.Condition { return none(1, onlyFlags&^unix.SOCK_STREAM) }

func sockets(network bool) []seccomp.NameWithConditions {
	calls := []seccomp.NameWithConditions{only("socket", is(0, unix.AF_UNIX), stream())}
	if !network {
		return calls
	}
	for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
		for _, protocol := range []uint64{0, unix.IPPROTO_TCP} {
			calls = append(calls, only("socket", is(0, family), stream(), is(2, protocol)))
		}
		for _, protocol := range []uint64{0, unix.IPPROTO_UDP} {
			calls = append(calls, only("socket", is(0, family), bit(1, unix.SOCK_DGRAM), none(1, onlyFlags&^unix.SOCK_DGRAM), is(2, protocol)))
		}
	}
	return calls
}

// cloning allows threads, and processes when there may be some: no namespaces, no siblings (CLONE_PARENT), no descriptors
// of processes, nothing traced.
func cloning(processes bool) seccomp.NameWithConditions {
	const never = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID |
		unix.CLONE_NEWNET | unix.CLONE_PARENT | unix.CLONE_PIDFD | unix.CLONE_PTRACE
	if processes {
		return only("clone", none(0, never))
	}
	return only("clone", bit(0, unix.CLONE_THREAD), none(0, never))
}
