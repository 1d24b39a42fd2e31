package systemd

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// listen is a service manager; the function returns its next datagram.
func listen(t *testing.T, name string) (next func() string) {
	t.Helper()
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return func() string {
		t.Helper()
		buffer := make([]byte, 4096)
		n, err := l.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestDatagrams sends every kind to a socket in the file system and to an abstract one.
func TestDatagrams(t *testing.T) {
	for _, socket := range []string{filepath.Join(t.TempDir(), "notify"), "@riskrelay-test-" + strconv.Itoa(os.Getpid())} {
		next := listen(t, socket)
		n, err := New(env("NOTIFY_SOCKET", socket))
		if err != nil || !n.On() || n.Watchdog() != 0 {
			t.Fatalf("%+v, %v", n, err)
		}
		for want, send := range map[string]func() error{
			"READY=1": n.Ready, "STOPPING=1": n.Stopping, "WATCHDOG=1": n.Feed,
			"STATUS=a READY=0": func() error { return n.Status("a\nREADY=0") },
		} {
			if err := send(); err != nil {
				t.Fatal(err)
			}
			if got := next(); got != want {
				t.Errorf("want %q, got %q", want, got)
			}
		}
		before := monotonic()
		if err := n.Reloading(); err != nil {
			t.Fatal(err)
		}
		text, ok := strings.CutPrefix(next(), "RELOADING=1\nMONOTONIC_USEC=")
		at, err := strconv.ParseInt(text, 10, 64)
		if moment := time.Duration(at) * time.Microsecond; !ok || err != nil || moment < before.Truncate(time.Microsecond) || moment > monotonic() {
			t.Errorf("reloading at %q", text)
		}
	}
}

// TestWatchdog holds what is read from the environment.
func TestWatchdog(t *testing.T) {
	for _, test := range []struct {
		env   []string
		want  time.Duration
		wrong bool
	}{
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000"}, 30 * time.Second, false},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", strconv.Itoa(os.Getpid())}, 30 * time.Second, false},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "1"}, 0, false},
		{[]string{"WATCHDOG_USEC", "30000000"}, 0, false},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "soon"}, 0, true},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "0"}, 0, true},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "-1"}, 0, true},
		{[]string{"NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "9223372036854775807"}, 0, true},
	} {
		n, err := New(env(test.env...))
		if n.Watchdog() != test.want || (err != nil) != test.wrong {
			t.Errorf("%v: %v, %v", test.env, n.Watchdog(), err)
		}
	}
}

// TestNobody holds that without a service manager nothing happens, and that one that is gone is an error.
func TestNobody(t *testing.T) {
	if err := (Notifier{}).Ready(); err != nil {
		t.Error(err)
	}
	n, err := New(env("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone")))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Ready(); err == nil || !strings.Contains(err.Error(), "notify systemd") {
		t.Errorf("got %v", err)
	}
}
