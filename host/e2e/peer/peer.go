// Package peer runs real receivers for the end-to-end tests, so that others than ourselves judge what riskrelay sends:
// the OpenTelemetry Collector with its Splunk HEC receiver, rsyslog and syslog-ng.
package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
)

// patience bounds a wait for a process that makes no progress.
const patience = 3 * time.Minute

// again is the time between two looks at what a process does.
const again = 20 * time.Millisecond

// certificates are the files of a new authority and of what it issued.
type certificates struct {
	ca, serverCert, serverKey, clientCert, clientKey string
}

func newCertificates(t testing.TB, dir string) (c certificates) {
	t.Helper()
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	if c.ca, err = ca.WriteFile(dir); err != nil {
		t.Fatal(err)
	}
	issue := func(name string) (cert, key string) {
		pair, err := ca.Issue(name, "localhost", "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if cert, key, err = pair.WriteFiles(dir, name); err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	c.serverCert, c.serverKey = issue("server")
	c.clientCert, c.clientKey = issue("client")
	return c
}

// freeAddress is a loopback address that was free a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// process is a program that runs until stop, or until the test ends.
type process struct {
	name   string
	cmd    *exec.Cmd
	ended  chan struct{}
	output lockedBuffer
	once   sync.Once
}

func startProcess(t testing.TB, path string, args ...string) *process {
	t.Helper()
	return startProcessWith(t, nil, path, args...)
}

// startProcessWith adds env, of the form key=value, to the environment.
func startProcessWith(t testing.TB, env []string, path string, args ...string) *process {
	t.Helper()
	p := &process{name: filepath.Base(path), cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended shows in what it received
		close(p.ended)
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

// stop asks the process to end and waits until it has.
func (p *process) stop(t testing.TB) {
	t.Helper()
	p.once.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended
		select {
		case <-p.ended:
		case <-time.After(patience):
			t.Errorf("%s didn't end when asked to:\n%s", p.name, p.output.String())
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
	})
}

// listening waits until the process accepts connections at address.
func (p *process) listening(t testing.TB, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("%s ended instead of listening:\n%s", p.name, p.output.String())
		case <-ctx.Done():
			t.Fatalf("%s doesn't listen at %s:\n%s", p.name, address, p.output.String())
		}
	}
}

// wrote waits until the file at path has n lines: a process that is asked to end reads nothing any more, and a busy machine may
// let it come to what was sent only long afterwards. When lines don't come, the caller says which.
func (p *process) wrote(t testing.TB, path string, n int) {
	t.Helper()
	tick := time.NewTicker(10 * again) // it reads the whole file
	defer tick.Stop()
	seen, since := 0, time.Now()
	for {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		lines := bytes.Count(content, []byte("\n"))
		if lines >= n || time.Since(since) > patience {
			return
		}
		if lines > seen {
			seen, since = lines, time.Now()
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return
		}
	}
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Received is one event as a peer understood it.
type Received struct {
	ID     string
	Fields map[string]string // what the format holds beside the event: source, sourcetype, severity, ...
	Event  any               // the event's JSON, numbers as float64
}

// String is the event's id.
func (r Received) String() string { return fmt.Sprintf("event %s", r.ID) }
