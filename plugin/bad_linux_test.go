package plugin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// script writes a shell script that is a program to launch.
func script(t *testing.T, text string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "module.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return Options{Path: path, Fence: parental(), StartTimeout: time.Hour} // never over, however busy the machine is
}

func TestProgramsThatAreNoModules(t *testing.T) {
	const certificate = "|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	tests := []struct{ name, script, want string }{
		{"ends at once", `exit 3`, `its program ended (exit status 3) without a word on standard error`},
		{"says why it ends", `echo "no licence" >&2; exit 1`, `its program ended (exit status 1), saying "no licence"`},
		{"ends well", `exit 0`, `its program ended (exit status 0)`},
		{"greets with garbage", `echo hello; sleep 3600`, `its first line of output is "hello", not a greeting`},
		{"greets without end", `while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done`, `never ends`},
		{"writes without end", `while :; do echo y; done`, `its first line of output is "y"`},
		{"writes null bytes", `head -c 100000 /dev/zero; sleep 3600`, `never ends`},
		{"other handshake", `echo "2|1|unix|/x|grpc"; sleep 3600`, `version "2" of go-plugin's handshake`},
		{"other protocol version", `echo "1|9|unix|/x|grpc"; sleep 3600`, `speaks version "9" of the module protocol`},
		{"net/rpc", `echo "1|1|unix|/x|netrpc"; sleep 3600`, `doesn't offer gRPC`},
		{"no certificate", `echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/s|grpc"; sleep 3600`, `offers no certificate`},
		{"bad certificate", `echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/s|grpc` + certificate + `"; sleep 3600`, `error parsing server cert`},
		{"address of somebody else", `echo "1|1|tcp|192.0.2.1:443|grpc` + certificate + `"; sleep 3600`, `instead of a Unix socket in PLUGIN_UNIX_SOCKET_DIR`},
		{"socket elsewhere", `echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/../s|grpc` + certificate + `"; sleep 3600`, `instead of a Unix socket`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Launch(t.Context(), script(t, tt.script))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Launch: %v\nwant: %s", err, tt.want)
			}
		})
	}
}

func TestProgramThatNeverSpeaks(t *testing.T) {
	o := script(t, `sleep 3600`)
	o.StartTimeout = 50 * time.Millisecond
	_, err := Launch(t.Context(), o)
	if want := "it was not ready within 50ms"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Launch = %v, want %s", err, want)
	}
}

// certificate is one as go-plugin's modules offer it.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawStdEncoding.EncodeToString(der)
}

// TestProgramsThatGreetAndNoMore launches programs whose greeting is right and whose socket isn't there or is mute.
func TestProgramsThatGreetAndNoMore(t *testing.T) {
	greet := `echo "1|1|unix|$PLUGIN_UNIX_SOCKET_DIR/s|grpc|` + certificate(t) + `"; `
	mute := options(t, "mute")
	mute.Args[1] += " " + certificate(t)
	for name, o := range map[string]Options{"no socket": script(t, greet+`sleep 3600`), "and end": script(t, greet+`exit 4`), "mute": mute} {
		t.Run(name, func(t *testing.T) {
			o.StartTimeout = time.Second
			if _, err := Launch(t.Context(), o); err == nil {
				t.Error("launched")
			} else {
				t.Log(err)
			}
		})
	}
}

func TestLaunchStopsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "started")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(fifo)
		cancel()
	}()
	o := script(t, `echo > `+fifo+`; sleep 3600`)
	o.Fence = nil // it writes
	_, err := Launch(ctx, o)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Launch = %v", err)
	}
}

// awaitDeath returns when the process has ended, which may take a busy machine any time.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
}

// TestChildrenEndWithTheModule launches programs that leave children behind, which hold the pipes open. They are stopped by
// the context when they don't end by themselves.
func TestChildrenEndWithTheModule(t *testing.T) {
	tests := []struct{ name, then string }{
		{"and end", `exit 1`},
		{"and never speak", `sleep 3600`},
		{"and talk garbage", `echo garbage; sleep 3600`},
		{"and ignore everything", `trap '' INT TERM HUP; while :; do sleep 3600; done`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "pid")
			if err := unix.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pid := make(chan int, 1)
			go func() {
				pid <- readPid(t, fifo)
				cancel()
			}()
			o := script(t, `sleep 3600 & echo $! > `+fifo+"\n"+tt.then)
			o.Fence = nil // it writes
			if _, err := Launch(ctx, o); err == nil {
				t.Error("launched")
			}
			awaitDeath(t, <-pid)
		})
	}
}

func readPid(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Error(err)
	}
	return pid
}

// TestDaemonHoldsNobodyUp launches a program whose child left the process group and keeps its pipes.
func TestDaemonHoldsNobodyUp(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	o := script(t, `cd `+t.TempDir()+`; mkfifo ready
setsid sh -c 'echo $$ > `+pidFile+`; echo > ready; exec sleep 3600' &
read x < ready; exit 5`)
	o.Fence = nil // behind it nobody leaves the group
	_, err := Launch(t.Context(), o)
	if want := "exit status 5"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Launch = %v, want %s", err, want)
	}
	_ = unix.Kill(readPid(t, pidFile), unix.SIGKILL)
}

func TestChildOfAWorkingModule(t *testing.T) {
	o := options(t, "child")
	o.Fence = parental()
	p := launch(t, o)
	if _, err := p.Tag(t.Context(), events("fish")); err != nil {
		t.Fatal(err)
	}
	group := strconv.Itoa(p.run.(*session).program.cmd.Process.Pid)
	members := processes(t, func(p process) bool { return p.group == group })
	if len(members) < 2 {
		t.Errorf("the module's group is %v", members)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		awaitDeath(t, m.pid)
	}
}

// process is a living process. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
type process struct {
	pid           int
	parent, group string
	command       string // with null bytes between arguments
}

// processes lists the living processes that want likes.
func processes(t *testing.T, want func(process) bool) (all []process) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		stat, errStat := os.ReadFile(path)
		command, errCommand := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if errStat != nil || errCommand != nil {
			continue // it ended meanwhile
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if p := (process{pid, fields[1], fields[2], string(command)}); want(p) {
			all = append(all, p)
		}
	}
	return all
}

func digestOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestPinnedProgram(t *testing.T) {
	o := options(t, "crash")
	data, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	o.Path = filepath.Join(t.TempDir(), "module")
	if err := os.WriteFile(o.Path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	o.SHA256 = strings.ToUpper(digestOf(t, o.Path))
	p := launch(t, o)
	configure(t, p, "fish")

	if err := os.WriteFile(o.Path, []byte("#!/bin/sh\nexit 66\n"), 0o700); err != nil { // not what was pinned
		t.Fatal(err)
	}
	lists, err := p.Tag(t.Context(), events("fish", "poison")) // starts the program again
	if err != nil || len(lists[0]) != 1 || lists[0][0].Rule != "test.word" {
		t.Errorf("Tag = %v, %v", brief(lists), err)
	}
	_, err = Launch(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "is pinned: find out who changed the program") {
		t.Errorf("Launch of the changed program = %v", err)
	}
}

func TestPinnedScript(t *testing.T) {
	o := script(t, `echo "I am $0 in $(pwd)" >&2; exit 1`)
	o.SHA256 = digestOf(t, o.Path)
	_, err := Launch(t.Context(), o)
	if want := `saying "I am /proc/self/fd/3 in /"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Launch = %v, want %s", err, want)
	}
}

func TestSealedCopyCanNotChange(t *testing.T) {
	o := script(t, "exit 0")
	f, err := sealed(o.Path, digestOf(t, o.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write to the copy = %v", err)
	}
	if err := f.Truncate(0); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate the copy = %v", err)
	}
}

func TestRefusedPrograms(t *testing.T) {
	open := script(t, "exit 0")
	if err := os.Chmod(open.Path, 0o777); err != nil {
		t.Fatal(err)
	}
	plain := script(t, "exit 0")
	if err := os.Chmod(plain.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	swap := script(t, "exit 0")
	if err := os.Chmod(filepath.Dir(swap.Path), 0o777); err != nil {
		t.Fatal(err)
	}
	foreign := script(t, "exit 0")
	if err := os.WriteFile(foreign.Path, []byte("\x7fELF of another machine"), 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"relative", "module", "is not absolute"},
		{"missing", "/nowhere/module", "no such file"},
		{"directory", "/", "is not an executable file"},
		{"not executable", plain.Path, "is not an executable file"},
		{"open to all", open.Path, "can be changed by every user"},
		{"in an open folder", swap.Path, "can be replaced by every user"},
		{"for another machine", foreign.Path, "exec format error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Launch(t.Context(), Options{Path: tt.path})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Launch = %v, want %s", err, tt.want)
			}
		})
	}
}

func TestEnvironmentIsNotInherited(t *testing.T) {
	t.Setenv("AZURE_CLIENT_SECRET", "not-a-real-secret")
	o := script(t, `env >&2; cat /dev/stdin >/dev/null & echo "<$AZURE_CLIENT_SECRET><$WANTED>" >&2; exit 1`)
	o.Env = []string{"WANTED=yes", "PATH=/usr/bin:/bin"}
	log, text := logger()
	o.Logger = log
	_, err := Launch(t.Context(), o)
	if want := `saying "<><yes>"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Launch = %v, want %s", err, want)
	}
	if strings.Contains(text.String(), "not-a-real-secret") {
		t.Errorf("the module saw the host's environment:\n%s", text)
	}
}

func TestSocketDirectory(t *testing.T) {
	open := t.TempDir() + "/d"
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		"relative":                    "is not an absolute path",
		"/" + strings.Repeat("x", 60): "of at most 60 bytes",
	} {
		o := options(t, "good")
		o.Dir = dir
		if _, err := Launch(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Launch with %s = %v, want %s", dir, err, want)
		}
	}
	short, err := os.MkdirTemp("", "rr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(short) })
	o := options(t, "good")
	o.Dir = filepath.Join(short, "sockets")
	p := launch(t, o)
	info, err := os.Stat(o.Dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v", info.Mode(), err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.Chmod(o.Dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := Launch(t.Context(), o); err == nil || !strings.Contains(err.Error(), "run chmod 700 on it") {
		t.Errorf("Launch with an open directory = %v", err)
	}
}
