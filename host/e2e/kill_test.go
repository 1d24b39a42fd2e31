//go:build linux

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

func show(missing, invented []string) string {
	return fmt.Sprintf("%d missing %.3v, %d invented %.3v", len(missing), missing, len(invented), invented)
}

// soakWork is a workspace with rows, two receivers and the program between them.
type soakWork struct {
	binary, config string
	hec            *hectest.Server
	syslog         *syslogtest.Server
	sent           map[string]uint64
}

// emptyWork is the program and a workspace without rows.
func emptyWork(t *testing.T) (*soakWork, *loganalyticstest.Server) {
	t.Helper()
	workspace, err := loganalyticstest.New(loganalyticstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { workspace.Close() })
	return &soakWork{binary: buildBinary(t), sent: map[string]uint64{}}, workspace
}

// receive starts the receivers, of which the collector writes what it gets to output, and writes the configuration, to
// which more is added.
func (w *soakWork) receive(t *testing.T, workspace *loganalyticstest.Server, output io.Writer, more string) {
	t.Helper()
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	serverTLS, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if w.hec, err = hectest.Start(hectest.Config{Token: "fake-token", Output: output}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.hec.Close() })
	if w.syslog, err = syslogtest.Start(syslogtest.Config{TLS: serverTLS}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.syslog.Close() })
	w.configure(t, workspace, ca, more)
}

// buildBinary builds the program as users get it, or with more arguments of `go build`.
func buildBinary(t testing.TB, more ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "riskrelay")
	c := exec.Command("go", slices.Concat([]string{"build", "-o", binary}, more, []string{"github.com/riskrelay/riskrelay/host/cmd/riskrelay"})...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func (w *soakWork) configure(t *testing.T, workspace *loganalyticstest.Server, ca *endpointtest.CA, more string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	caFile, err := ca.WriteFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := workspace.Options()
	w.config = write("riskrelay.yaml", fmt.Sprintf(`
data_dir: %[1]s/data
log: {level: error}
sources:
  log_analytics:
    - workspace: %[2]s
      endpoint: %[3]s
      ca_file: %[4]s
      credential: {kind: secret, tenant_id: %[5]s, client_id: %[6]s, secret_file: %[7]s, authority: %[8]s}
      tables: [{name: AuditLogs}, {name: SigninLogs}]
      start: 1h
      settle: 1s
      every: 1s
      max_requests: 100000
sinks:
  splunk_hec: [{name: hec, url: "%[9]s", token_file: %[10]s}]
  syslog: [{name: syslog, receiver: generic, max_message: 65536, address: "%[11]s", ca_file: %[12]s, grace: 50ms}]
%[13]s
`, dir, o.Workspace, workspace.Endpoint(), write("workspace-ca.pem", string(workspace.CAPEM())), o.Tenant, o.ClientID,
		write("client-secret", o.Secret), workspace.URL(), w.hec.URL, write("hec-token", "fake-token"), w.syslog.Addr, caFile, more))
}

// start runs the program.
func (w *soakWork) start(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var stderr bytes.Buffer
	c := exec.Command(w.binary, append([]string{"run", "-c", w.config}, args...)...)
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, &stderr
}

// runUntil runs the program and kills it once a receiver, each with the same chance, has got n different events.
func (w *soakWork) runUntil(t *testing.T, n int) {
	t.Helper()
	c, stderr := w.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	exited := make(chan error, 1)
	var once sync.Once
	go func() { exited <- c.Wait(); once.Do(cancel) }()
	log := &w.hec.Events
	if rand.IntN(2) == 0 {
		log = &w.syslog.Events
	}
	if err := log.Wait(ctx, n); err != nil {
		t.Errorf("waiting for %d events: %v\n%s", n, err, stderr)
	}
	_ = c.Process.Kill() // it may have ended by itself, which Wait says
	if err := <-exited; err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the program ended by itself: %v\n%s", err, stderr)
	}
}

// finish lets the program do the rest.
func (w *soakWork) finish(t *testing.T) {
	t.Helper()
	c, stderr := w.start(t, "--once")
	if err := c.Wait(); err != nil {
		exit := new(exec.ExitError)
		t.Fatalf("the last run: %v (exit: %v)\n%s", err, errors.As(err, &exit), stderr)
	}
}
