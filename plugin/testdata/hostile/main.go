// Command hostile is a rule module that tries what a module must not, one thing an event, and says how it went. Everything is
// harmless where it works. It can also be the launcher of its own fence.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "fence" {
		fmt.Fprintln(os.Stderr, fence.Run(os.Args[2]))
		os.Exit(4)
	}
	plugin.Serve(module{})
}

type module struct{}

func (module) Describe(context.Context) (enrich.Description, error) {
	d := enrich.Description{Name: "hostile", Version: "1.0.0"}
	d.Selector = enrich.Selector{Tables: []string{"AuditLogs"}}
	d.Rules = []enrich.RuleInfo{{ID: "test.hostile", Title: "Hostile", Pack: "test@1.0.0", Severity: enrich.Low}}
	return d, nil
}

func (module) Configure(context.Context, enrich.Config) error { return nil }

// Tag tries what the column Word says, as the name of an attempt and its argument.
func (module) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	lists := make([][]enrich.Tag, len(events))
	for i := range events {
		name, argument, _ := strings.Cut(events[i].Text("Word"), " ")
		said := "there is no such attempt"
		if try, ok := attempts()[name]; ok {
			said = "it worked"
			if err := try(argument); err != nil {
				said = err.Error()
			}
		}
		lists[i] = []enrich.Tag{{Rule: "test.hostile", Severity: enrich.Low, Message: said}}
	}
	return lists, nil
}

func attempts() map[string]func(string) error {
	host := os.Getppid()
	return map[string]func(string) error{
		"environ":  func(string) error { return read(fmt.Sprintf("/proc/%d/environ", host)) },
		"memory":   func(string) error { return read(fmt.Sprintf("/proc/%d/maps", host)) },
		"read":     read,
		"write":    func(path string) error { return os.WriteFile(path, []byte("changed"), 0o600) },
		"remove":   os.Remove,
		"truncate": func(path string) error { return os.Truncate(path, 0) },
		"list":     func(path string) error { _, err := os.ReadDir(path); return err },
		"inherit":  inherited,
		"bytes": func(string) error {
			return os.WriteFile(os.Getenv("PLUGIN_UNIX_SOCKET_DIR")+"/bytes", make([]byte, 4096), 0o600)
		},
		"chmod":       func(path string) error { return os.Chmod(path, 0o777) },
		"chown":       func(path string) error { return os.Chown(path, os.Getuid(), os.Getgid()) },
		"chtimes":     func(path string) error { return os.Chtimes(path, time.Unix(0, 0), time.Unix(0, 0)) },
		"setxattr":    func(path string) error { return unix.Setxattr(path, "user.hostile", []byte("x"), 0) },
		"watch":       watch,
		"dial":        dial,
		"listen":      listen,
		"socket":      openSocket,
		"signal":      func(string) error { return unix.Kill(host, unix.SIGCONT) },
		"group":       func(string) error { return unix.Setpgid(0, 0) },
		"join":        func(string) error { return joinHost(host) },
		"daemon":      func(string) error { return daemon() },
		"child":       func(string) error { return exec.Command("/bin/sleep", "3600").Start() },
		"outlive":     func(string) error { return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0) },
		"limits":      func(string) error { return limitHost(host) },
		"owner":       func(string) error { _, err := unix.FcntlInt(0, unix.F_SETOWN, host); return err },
		"fill":        fill,
		"descriptors": descriptors,
		"core":        core,
		"capability":  capability,
		"chroot":      unix.Chroot,
		"ptrace":      func(string) error { return ptrace(host) },
		"peek":        func(string) error { return peek(host) },
		"pidfd":       func(string) error { _, err := unix.PidfdOpen(host, 0); return err },
		"call":        call,
		"namespace":   func(flag string) error { n, _ := strconv.Atoi(flag); return unix.Unshare(n) },
		"mount":       func(path string) error { return unix.Mount("none", path, "tmpfs", 0, "") },
	}
}

func read(path string) error {
	_, err := os.ReadFile(path)
	return err
}

// inherited reads from a descriptor that this program didn't open.
func inherited(number string) error {
	return read("/proc/self/fd/" + number)
}

func watch(path string) error {
	fd, err := unix.InotifyInit1(0)
	if err != nil {
		return err
	}
	_, err = unix.InotifyAddWatch(fd, path, unix.IN_ALL_EVENTS)
	return err
}

func dial(address string) error {
	network, address, _ := strings.Cut(address, ":")
	c, err := net.DialTimeout(network, address, time.Minute)
	if err == nil {
		err = c.Close()
	}
	return err
}

func listen(address string) error {
	network, address, _ := strings.Cut(address, ":")
	l, err := net.Listen(network, address)
	if err == nil {
		err = l.Close()
	}
	return err
}

func openSocket(what string) error {
	domain, kind, _ := strings.Cut(what, "/")
	d, _ := strconv.Atoi(domain)
	k, _ := strconv.Atoi(kind)
	_, err := unix.Socket(d, k, 0)
	return err
}

func joinHost(host int) error {
	group, err := unix.Getpgid(host)
	if err == nil {
		err = unix.Setpgid(0, group)
	}
	return err
}

func daemon() error {
	c := exec.Command("/bin/sleep", "3600")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c.Start()
}

func limitHost(host int) error {
	var now unix.Rlimit
	return unix.Prlimit(host, unix.RLIMIT_CORE, nil, &now) // reads only, which takes the same right
}

// fill asks for 3 GiB of addresses, and touches nothing of them.
func fill(string) error {
	memory, err := unix.Mmap(-1, 0, 3<<30, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err == nil {
		err = unix.Munmap(memory)
	}
	return err
}

func descriptors(n string) error {
	many, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	var open []*os.File
	defer func() {
		for _, f := range open {
			_ = f.Close()
		}
	}()
	for range many {
		f, err := os.Open("/dev/null")
		if err != nil {
			return err
		}
		open = append(open, f)
	}
	return nil
}

func core(string) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &now); err != nil {
		return err
	}
	if now.Max == 0 {
		return errors.New("no core is ever dumped")
	}
	return nil
}

func capability(string) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for _, line := range []string{"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"} {
		if !slices.Contains(strings.Split(string(status), "\n"), line) {
			return nil
		}
	}
	return errors.New("there are no privileges")
}

func ptrace(host int) error {
	err := syscall.PtraceAttach(host)
	if err == nil {
		err = syscall.PtraceDetach(host)
	}
	return err
}

func peek(host int) error {
	var here [8]byte
	local := []unix.Iovec{{Base: &here[0], Len: 8}}
	_, err := unix.ProcessVMReadv(host, local, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&here[0])), Len: 8}}, 0)
	if errors.Is(err, unix.EFAULT) {
		return nil // it was let in, and found nothing there
	}
	return err
}

// call makes a system call with arguments that are wrong, and whose effect could only be an error.
func call(number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	const wrong = ^uintptr(0)
	if _, _, errno := unix.Syscall6(uintptr(n), wrong, wrong, wrong, wrong, wrong, wrong); errno != 0 {
		return errno
	}
	return nil
}
