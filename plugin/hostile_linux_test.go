package plugin

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/riskrelay/riskrelay/plugin/fence"
)

// hostile builds the module that tries what it mustn't. It is built without the race detector, which needs more addresses than a
// module may have.
func hostile(t *testing.T) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hostile")
	c := exec.Command("go", "build", "-o", path, "./testdata/hostile")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build the module: %v\n%s", err, out)
	}
	return Options{
		Path: path, SHA256: digestOf(t, path), StartTimeout: time.Hour, TagTimeout: time.Hour,
		Fence: &fence.Options{Launcher: []string{"fence"}, Limits: fence.Limits{Memory: 2 << 30}},
	}
}

// try has the module make an attempt, and returns what it says about it.
func try(t *testing.T, p *Process, attempt string) string {
	t.Helper()
	lists, err := p.Tag(t.Context(), events(attempt))
	if err != nil || len(lists[0]) != 1 {
		t.Fatalf("%s: Tag = %v, %v", attempt, brief(lists), err)
	}
	return lists[0][0].Message + lists[0][0].Error
}

// scene is what a hostile module is after.
type scene struct{ secret, tcp, socket, inherited string }

func newScene(t *testing.T) scene {
	t.Helper()
	t.Setenv("HEC_TOKEN", "not-a-real-secret")
	dir, err := os.MkdirTemp("", "rr") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(dir) })
	s := scene{secret: filepath.Join(dir, "token"), socket: filepath.Join(dir, "admin.sock")}
	if err := os.WriteFile(s.secret, []byte("not-a-real-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	tcp, errTCP := net.Listen("tcp", "127.0.0.1:0")
	admin, errUnix := net.Listen("unix", s.socket)
	if errTCP != nil || errUnix != nil {
		t.Fatal(errTCP, errUnix)
	}
	t.Cleanup(func() { _ = tcp.Close(); _ = admin.Close() })
	s.tcp = tcp.Addr().String()
	s.inherited = inherited(t, s.secret)
	return s
}

// inherited opens a file as a shell does that leaves it open to every program: without close-on-exec.
func inherited(t *testing.T, path string) string {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const high = 40 // where nothing of the module lies
	if err := unix.Dup3(fd, high, 0); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(fd)
	t.Cleanup(func() { _ = unix.Close(high) })
	return fmt.Sprint(high)
}

// TestHostileModule lets a module try everything that a fence is there for. Without the fence nearly all of it works.
func TestHostileModule(t *testing.T) {
	s := newScene(t)
	const denied, refused = "permission denied", "operation not permitted"
	tests := []struct{ name, attempt, want string }{
		{"read the host's environment", "environ", denied},
		{"read the host's map of memory", "memory", denied},
		{"read a secret file", "read " + s.secret, denied},
		{"read the passwords", "read /etc/shadow", denied},
		{"list a directory", "list " + filepath.Dir(s.secret), denied},
		{"read what a shell left open", "inherit " + s.inherited, "no such file"},
		{"write a file", "write " + s.secret + ".new", denied},
		{"change a file", "write " + s.secret, denied},
		{"empty a file", "truncate " + s.secret, refused},
		{"fill the disk", "bytes", "file too large"},
		{"watch a file", "watch " + s.secret, refused},
		{"change a mode", "chmod " + s.secret, refused},
		{"change an owner", "chown " + s.secret, refused},
		{"change a time", "chtimes " + s.secret, refused},
		{"change an attribute", "setxattr " + s.secret, refused},
		{"connect to a machine", "dial tcp:" + s.tcp, refused},
		{"send to a machine", "dial udp:" + s.tcp, refused},
		{"connect to the host's socket", "dial unix:" + s.socket, refused},
		{"connect to an abstract socket", "dial unix:@riskrelay-test", refused},
		{"send to the host's socket", "dial unixgram:" + s.socket, refused},
		{"listen for machines", "listen tcp:127.0.0.1:0", refused},
		{"listen elsewhere", "listen unix:" + filepath.Dir(s.secret) + "/own.sock", denied},
		{"talk to the kernel", fmt.Sprintf("socket %d/%d", unix.AF_NETLINK, unix.SOCK_RAW), refused},
		{"read the network", fmt.Sprintf("socket %d/%d", unix.AF_PACKET, unix.SOCK_RAW), refused},
		{"signal the host", "signal", refused},
		{"change the host's limits", "limits", refused},
		{"have the host signalled", "owner", refused},
		{"leave a child behind", "child", refused},
		{"leave its group", "group", refused},
		{"join the host's group", "join", refused},
		{"leave a daemon behind", "daemon", refused},
		{"outlive the host", "outlive", refused},
		{"fill memory", "fill", "cannot allocate memory"},
		{"hold 300 descriptors", "descriptors 300", "too many open files"},
		{"dump a core", "core", "no core is ever dumped"},
		{"have capabilities", "capability", "there are no privileges"},
		{"change its root", "chroot /usr", refused},
		{"debug the host", "ptrace", refused},
		{"read the host's memory", "peek", refused},
		{"hold the host", "pidfd", refused},
		{"mount", "mount /usr", refused},
		{"be root elsewhere", fmt.Sprint("namespace ", unix.CLONE_NEWUSER), refused},
		{"io_uring_setup", fmt.Sprint("call ", unix.SYS_IO_URING_SETUP), refused},
		{"keyctl", fmt.Sprint("call ", unix.SYS_KEYCTL), refused},
		{"bpf", fmt.Sprint("call ", unix.SYS_BPF), refused},
		{"perf_event_open", fmt.Sprint("call ", unix.SYS_PERF_EVENT_OPEN), refused},
		{"userfaultfd", fmt.Sprint("call ", unix.SYS_USERFAULTFD), refused},
		{"memfd_create", fmt.Sprint("call ", unix.SYS_MEMFD_CREATE), refused},
		{"shmget", fmt.Sprint("call ", unix.SYS_SHMGET), refused},
		{"a call that isn't known yet", "call 4000", refused},
		{"remove a file", "remove " + s.secret, denied},
	}
	p := launch(t, hostile(t))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if said := try(t, p, tt.attempt); !strings.Contains(said, tt.want) {
				t.Errorf("%s: %s, want %s", tt.attempt, said, tt.want)
			}
		})
	}
	if n := p.Restarts(); n > 0 {
		t.Errorf("the module was started again %d times", n)
	}
	if text, err := os.ReadFile(s.secret); err != nil || string(text) != "not-a-real-secret" {
		t.Errorf("the secret is %q, %v", text, err)
	}
}

// TestFenceLets lets a module do what its options say.
func TestFenceLets(t *testing.T) {
	s := newScene(t)
	o := hostile(t)
	o.Fence.Network, o.Fence.Read = true, []string{s.secret}
	o.Fence.Limits = fence.Limits{Memory: 8 << 30, Descriptors: 400, Processes: 4}
	p := launch(t, o)
	for _, attempt := range []string{"dial tcp:" + s.tcp, "dial udp:" + s.tcp, "read " + s.secret, "fill", "descriptors 300", "child"} {
		if said := try(t, p, attempt); said != "it worked" {
			t.Errorf("%s: %s", attempt, said)
		}
	}
	for attempt, want := range map[string]string{
		"write " + s.secret:         "permission denied",
		"listen tcp:127.0.0.1:0":    "permission denied",
		"dial unixgram:" + s.socket: "operation not permitted",
		"daemon":                    "operation not permitted",
		"environ":                   "permission denied",
	} {
		if said := try(t, p, attempt); !strings.Contains(said, want) {
			t.Errorf("%s: %s, want %s", attempt, said, want)
		}
	}
	var child process
	for _, one := range processes(t, func(c process) bool { return p.Owns(c.pid) }) {
		if strings.HasPrefix(one.command, "/bin/sleep\x00") {
			child = one
		}
	}
	if child.pid == 0 {
		t.Fatal("the module's child isn't found")
	}
	if p.Owns(os.Getpid()) {
		t.Error("the module owns its host")
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	awaitDeath(t, child.pid)
	if p.Owns(child.pid) {
		t.Error("a module that has ended owns something")
	}
}

// TestFenceIsTold compares what a fence says of itself with what was asked for.
func TestFenceIsTold(t *testing.T) {
	log, text := logger()
	o := options(t, "good")
	o.Logger = log
	o.Fence.Read = []string{"/nowhere/at/all"}
	told := launch(t, o).Fence()
	names := []string{}
	for _, s := range told {
		if names = append(names, s.Name); s.Says == "" || s.On != (s.Name != "read") {
			t.Errorf("step %+v", s)
		}
	}
	want := []string{"parent", "privileges", "descriptors", "limits", "files", "calls", "signals", "network", "sockets", "read"}
	if !slices.Equal(names, want) {
		t.Errorf("steps %v, want %v", names, want)
	}
	if want := `the module's fence has a gap: stat /nowhere/at/all: no such file or directory`; !strings.Contains(text.String(), want) {
		t.Errorf("the log lacks %s:\n%s", want, text)
	}
}

// TestWithoutFence is told loudly.
func TestWithoutFence(t *testing.T) {
	log, text := logger()
	o := options(t, "good")
	o.Logger, o.Fence = log, nil
	p := launch(t, o)
	if steps := p.Fence(); len(steps) != 1 || steps[0].On {
		t.Errorf("steps %+v", steps)
	}
	if want := "the module has riskrelay's user, files and network"; !strings.Contains(text.String(), want) {
		t.Errorf("the log lacks %s:\n%s", want, text)
	}
}
