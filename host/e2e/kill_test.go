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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// soak is the size of a kill test: how many events, and how often the process is killed meanwhile.
type soak struct{ events, kills int }

func size() soak {
	if os.Getenv("RISKRELAY_SOAK") == "full" {
		return soak{events: 100_000, kills: 50}
	}
	return soak{events: 12_000, kills: 6}
}

// underWay is how many events of a sink may be sent again after a kill: for each of the two streams, the batches
// that wait for their confirmation and those that wait to be written to the ledger.
func underWay(concurrency int) int { return 2 * 512 * (concurrency + 8 + 1) }

// TestKill kills the process again and again while it forwards from an emulated workspace to HEC and to syslog over
// TLS. The oracle: every row has a serial as its id; at the end nothing is missing, nothing invented, nothing
// changed, and what came twice is no more than what was under way.
func TestKill(t *testing.T) {
	size := size()
	work := newSoakWork(t, size.events)
	kills := 0
	for kills < size.kills && work.left(size.events) {
		work.runUntil(t, size.events*(kills+1)/(size.kills+1))
		kills++
	}
	if kills < size.kills {
		t.Errorf("killed %d times only: everything had arrived", kills)
	}
	work.finish(t)
	hec, syslog := work.hec.Events.Compare(work.sent), work.syslog.Events.Compare(work.sent)
	if !hec.None() || !syslog.None() {
		t.Errorf("hec: %s; syslog: %s", show(hec.Missing, hec.Invented), show(syslog.Missing, syslog.Invented))
	}
	hecTwice, syslogTwice := work.hec.Events.Total()-size.events, work.syslog.Events.Total()-size.events
	t.Logf("%d events, %d kills: hec %d sent again, syslog %d sent again", size.events, kills, hecTwice, syslogTwice)
	if hecLimit, syslogLimit := kills*underWay(2), kills*underWay(16); hecTwice > hecLimit || syslogTwice > syslogLimit {
		t.Errorf("more than %d and %d were sent again", hecLimit, syslogLimit)
	}
}

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

func newSoakWork(t *testing.T, events int) *soakWork {
	w, workspace := emptyWork(t)
	begin := time.Now().Add(-30 * time.Minute)
	for i := range events {
		id, table := fmt.Sprintf("row-%07d", i), []string{"AuditLogs", "SigninLogs"}[i%2]
		at := begin.Add(time.Duration(i) * 20 * time.Minute / time.Duration(events))
		row := fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"CorrelationId":%q,"OperationName":"Add owner to application","Result":"success",`+
			`"InitiatedBy":{"user":{"userPrincipalName":"ann@contoso.example"}},"UserPrincipalName":"ann@contoso.example"}`,
			id, at.UTC().Format(time.RFC3339Nano), id)
		if table == "SigninLogs" {
			row = fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"CorrelationId":%q,"ResultType":"0"}`, id, at.UTC().Format(time.RFC3339Nano), id)
		}
		if err := workspace.Add(table, at, []byte(row)); err != nil {
			t.Fatal(err)
		}
		w.sent[id] = 0
	}
	w.receive(t, workspace, nil, "")
	return w
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

// buildBinary builds the program as users get it.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "riskrelay")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/riskrelay/riskrelay/host/cmd/riskrelay").CombinedOutput()
	if err != nil {
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
  syslog: [{name: syslog, address: "%[11]s", ca_file: %[12]s, grace: 50ms}]
%[13]s
`, dir, o.Workspace, workspace.Endpoint(), write("workspace-ca.pem", string(workspace.CAPEM())), o.Tenant, o.ClientID,
		write("client-secret", o.Secret), workspace.URL(), w.hec.URL, write("hec-token", "fake-token"), w.syslog.Addr, caFile, more))
}

// left reports whether a receiver still lacks something.
func (w *soakWork) left(events int) bool {
	return w.hec.Events.Len() < events || w.syslog.Events.Len() < events
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
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
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
