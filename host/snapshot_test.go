package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/systemd"
)

// acmeRule is a rule file with one rule, which matches the rows of replay.
const acmeRule = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.one
    title: T
    tables: [AuditLogs]
    when: event.success
    severity: low
    message: "1"
    tests: [{name: fires, event: {Type: AuditLogs, Result: success}, want: {message: "1"}}]
`

func quietLog() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// messages is a hook that sends what is logged.
type messages chan string

func (m messages) Levels() []logrus.Level { return logrus.AllLevels }

func (m messages) Fire(e *logrus.Entry) error {
	m <- e.Message
	return nil
}

// replay is the configuration of a host that copies a file of three rows through one rule.
func replay(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	rows := strings.Repeat(`{"Type": "AuditLogs", "Result": "success", "TimeGenerated": "2026-03-02T10:00:00Z"}`+"\n", 3)
	err := errors.Join(
		os.WriteFile(path("rows.ndjson"), []byte(rows), 0o600),
		os.WriteFile(path("acme.yaml"), []byte(acmeRule), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
data_dir: %[1]s/data
metrics: {listen: "127.0.0.1:0"}
sources: {files: [%[1]s/rows.ndjson]}
rules: {builtin: false, paths: [%[1]s/acme.yaml]}
sinks: {file: [{name: disk, path: %[1]s/events.ndjson}]}
`, dir)
	c := config.Defaults()
	if problems := c.Read("riskrelay.yaml", []byte(text), os.LookupEnv); len(problems) > 0 {
		t.Fatal(problems)
	}
	return c
}

// addresses is a hook that catches where the endpoint is.
type addresses chan string

func (a addresses) Levels() []logrus.Level { return []logrus.Level{logrus.InfoLevel} }

func (a addresses) Fire(e *logrus.Entry) error {
	if address, ok := e.Data["address"].(string); ok {
		a <- address
	}
	return nil
}

func page(t *testing.T, address, name string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Get("http://" + address + name)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestShow reads the pages of a host before and after it ran.
func TestShow(t *testing.T) {
	c, log, found := replay(t), quietLog(), make(addresses, 1)
	log.AddHook(found)
	h, err := New(t.Context(), c, Options{Log: log, Once: true, Build: admin.Build{Version: "1.2.3"}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	address := <-found
	if got := page(t, address, "/readyz"); got != "the host "+starting+"\n" {
		t.Errorf("before it runs: %s", got)
	}
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := page(t, address, "/readyz"); got != "ready\n" {
		t.Errorf("after it ran: %s", got)
	}
	text := page(t, address, "/metrics")
	for _, line := range []string{
		`riskrelay_build_info{goversion="",revision="",version="1.2.3"} 1`,
		`riskrelay_stream_rows_read_total{stream="` + h.pipeline.Streams[0].Name + `"} 3`,
		`riskrelay_stream_windows_open{sink="disk",stream="` + h.pipeline.Streams[0].Name + `"} 0`,
		`riskrelay_sink_events_confirmed_total{sink="disk"} 3`,
		`riskrelay_rule_matches_total{rule="acme.one"} 3`,
		`riskrelay_rules_info{hash="` + h.Figures().Rules.Hash + `"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s in %s", line, text)
		}
	}
}

// manager is a service manager with a watchdog; the function returns its next datagram.
func manager(t *testing.T) (systemd.Notifier, func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	environment := map[string]string{"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"}
	n, err := systemd.New(func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	return n, func() string {
		t.Helper()
		buffer := make([]byte, 4096)
		n, err := l.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
}

// TestService holds what systemd is told when the host begins, reloads and ends.
func TestService(t *testing.T) {
	service, next := manager(t)
	expect := func(want ...string) {
		t.Helper()
		for _, text := range want {
			if got := next(); !strings.HasPrefix(got, text) {
				t.Errorf("want %s, got %s", text, got)
			}
		}
	}
	c := replay(t)
	h, err := New(t.Context(), c, Options{Log: quietLog(), Once: true, Service: service})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("READY=1", "WATCHDOG=1", "STATUS=")
	ended := h.Reloading()
	err = h.Reload(t.Context(), c)
	if ended(); err != nil {
		t.Fatal(err)
	}
	expect("RELOADING=1\nMONOTONIC_USEC=", "READY=1")
}

// TestWatchdogStarves holds that a host in which nothing happens any more doesn't feed the watchdog, and that one which
// moves does.
func TestWatchdogStarves(t *testing.T) {
	service, next := manager(t)
	stats := &pipeline.Stats{}
	c := config.Defaults()
	c.Rules.Builtin = false
	m, err := rulehost.Start(t.Context(), c, rulehost.Options{Log: quietLog(), Stats: stats})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	h := &Host{log: quietLog(), service: service, stats: stats, modules: m, pipeline: &pipeline.Pipeline{Stats: stats}}
	h.does("")
	stats.Idle("audit", -time.Hour) // due an hour ago
	stats.Rests("audit", -time.Hour)
	h.config.Metrics.StalledAfter = -time.Second // what happened this second is too long ago
	h.tellStatus()
	if got := next(); !strings.HasPrefix(got, "STATUS=stream audit: nothing was read since ") {
		t.Errorf("stuck: %s", got)
	}
	h.config.Metrics.StalledAfter = time.Hour
	h.tellStatus()
	if got := next(); got != "WATCHDOG=1" {
		t.Errorf("in motion: %s", got)
	}
}

// TestUnreadySink holds that a sink that can't be reached is named with the reason, and that no page shows its token.
func TestUnreadySink(t *testing.T) {
	const token = "11111111-fake-fake-fake-111111111111"
	c, log, found, logged := replay(t), quietLog(), make(addresses, 1), make(messages, 1000)
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	hec := config.SplunkHEC{Name: "splunk", Config: splunkhec.Defaults()}
	hec.Config.URL, hec.Config.TokenFile = "https://127.0.0.1:1", secret
	c.Sinks.SplunkHEC, c.Metrics.StalledAfter = append(c.Sinks.SplunkHEC, hec), time.Nanosecond
	log.AddHook(found)
	log.AddHook(logged)
	h, err := New(t.Context(), c, Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	for text := range logged {
		if strings.Contains(text, "the sink doesn't take events") {
			break
		}
	}
	address := <-found
	ready, text := page(t, address, "/readyz"), page(t, address, "/metrics")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(ready, "sink splunk: takes no events since ") || !strings.Contains(ready, "connection refused") {
		t.Errorf("readyz: %s", ready)
	}
	if !strings.Contains(text, "\nriskrelay_sink_up{sink=\"splunk\"} 0\n") || !strings.Contains(text, "\nriskrelay_sink_up{sink=\"disk\"} 1\n") {
		t.Errorf("metrics: %s", text)
	}
	if strings.Contains(ready+text, token) {
		t.Error("the token is shown")
	}
}
