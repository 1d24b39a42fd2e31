//go:build linux

package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

const acmePack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - {id: acme.%s, title: Any, tables: [AuditLogs], when: event.%s == "x", severity: low}
`

// output keeps what the collector got.
type output struct {
	mu    sync.Mutex
	lines []string
}

func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, string(line))
	return len(line), nil
}

// count is how many lines hold a text.
func (o *output) count(text string) (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

func (o *output) find(text string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.lines {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

// TestSignals runs the program with the CEL rules in a process of their own: SIGHUP takes new rules, a broken set
// leaves the old one at work, and SIGTERM ends it in order, with nothing left behind.
func TestSignals(t *testing.T) {
	workspace, err := loganalyticstest.New(loganalyticstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer workspace.Close()
	var got output
	hec, err := hectest.Start(hectest.Config{Token: "fake-token", Output: &got})
	if err != nil {
		t.Fatal(err)
	}
	defer hec.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	o := workspace.Options()
	rules := write("acme.yaml", fmt.Sprintf(acmePack, "one", "OperationName"))
	config := write("riskrelay.yaml", fmt.Sprintf(`
data_dir: %[1]s/data
sources:
  log_analytics:
    - workspace: %[2]s
      endpoint: %[3]s
      ca_file: %[4]s
      credential: {kind: secret, tenant_id: %[5]s, client_id: %[6]s, secret_file: %[7]s, authority: %[8]s}
      tables: [{name: AuditLogs}]
      settle: 1s
      every: 1s
rules: {builtin: false, isolate: true, paths: [%[9]s]}
sinks: {splunk_hec: [{name: hec, url: "%[10]s", token_file: %[11]s}]}
`, dir, o.Workspace, workspace.Endpoint(), write("ca.pem", string(workspace.CAPEM())), o.Tenant, o.ClientID,
		write("secret", o.Secret), workspace.URL(), rules, hec.URL, write("token", "fake-token")))

	c := exec.Command(buildBinary(t), "run", "-c", config)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	log := make(chan string, 1000)
	go func() {
		defer close(log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log <- lines.Text()
		}
	}()
	await := func(text string) {
		t.Helper()
		for line := range log {
			if strings.Contains(line, text) {
				return
			}
		}
		t.Fatalf("the log ended without %q", text)
	}
	n := 0
	tagged := func(tag string) {
		t.Helper()
		n++
		id := fmt.Sprintf("row-%d", n)
		row := fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"x"}`, id, time.Now().UTC().Format(time.RFC3339Nano))
		if _, err := workspace.AddNow("AuditLogs", []byte(row)); err != nil {
			t.Fatal(err)
		}
		if err := hec.Events.Wait(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if line := got.find(`"event_id":"` + id + `"`); !strings.Contains(line, `"tags":["acme.`+tag+`"]`) {
			t.Errorf("event %s: want the tag acme.%s in %s", id, tag, line)
		}
	}
	hup := func() {
		t.Helper()
		if err := c.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	await("running")
	tagged("one")
	write("acme.yaml", fmt.Sprintf(acmePack, "two", "OperationNam"))
	hup()
	await("can't reload: the old rules stay at work")
	tagged("one")
	write("acme.yaml", fmt.Sprintf(acmePack, "two", "OperationName"))
	hup()
	await("rules reloaded")
	tagged("two")
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await("stopped")
	for range log { // to the end, so that Wait may close the pipe
		continue
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
