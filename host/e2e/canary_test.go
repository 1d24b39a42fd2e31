//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// canaries are secrets by what they are for.
type canaries struct {
	mu  sync.Mutex
	all map[string]string
}

// hatch makes a canary. Odd ones hold characters that are written in many ways.
func (c *canaries) hatch(name string, odd bool) string {
	v := rand.Text()
	if odd {
		v += `/+%"\~` + rand.Text()
	}
	c.keep(name, v)
	return v
}

func (c *canaries) keep(name, v string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.all[name]; twice {
		name = fmt.Sprintf("%s %d", name, len(c.all))
	}
	c.all[name] = v
}

// found says which canaries are in a text, in which spelling.
func (c *canaries) found(text string) (found []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	low := strings.ToLower(text)
	for _, name := range slices.Sorted(maps.Keys(c.all)) {
		v := c.all[name]
		for i, way := range spelled(v) {
			if strings.Contains(text, way) || strings.Contains(low, strings.ToLower(way)) {
				found = append(found, fmt.Sprintf("%s (spelling %d)", name, i))
			}
		}
		// Each half, whatever escapes on top of each other have become of what is between them.
		for _, half := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(`/+%"\~`, r) }) {
			if len(half) > 16 && strings.Contains(text, half) {
				found = append(found, name+" (half)")
			}
		}
		for offset := range 3 { // in base64, wherever what was encoded begins
			core := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + v))
			core = core[4 : len(core)-2]
			if strings.Contains(text, core) || strings.Contains(text, strings.NewReplacer("+", "-", "/", "_").Replace(core)) {
				found = append(found, fmt.Sprintf("%s (base64 %d)", name, offset))
			}
		}
	}
	return found
}

// aviary is a host whose every secret is a canary, between servers that repeat them.
type aviary struct {
	t         *testing.T
	dir       string
	binary    string
	canaries  *canaries
	echoes    *echoes
	workspace *loganalyticstest.Server
	metrics   string // where the host listens
	silent    string // where nobody does
	env       []string
}

// freeAddresses are n different ones at which nobody listens.
func freeAddresses(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		all = append(all, listener.Addr().String())
	}
	return all
}

func newAviary(t *testing.T) *aviary {
	t.Helper()
	a := &aviary{t: t, dir: t.TempDir(), binary: buildBinary(t), canaries: &canaries{all: map[string]string{}}}
	a.echoes = newEchoes(t, func() string { return a.canaries.hatch("bearer token", false) })
	var err error
	if a.workspace, err = loganalyticstest.New(loganalyticstest.Options{Secret: a.canaries.hatch("secret_file of a workspace that answers", true)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.workspace.Close() })
	addresses := freeAddresses(t, 2)
	a.metrics, a.silent = addresses[0], addresses[1]
	a.env = []string{
		"PATH=" + os.Getenv("PATH"), "NO_PROXY=127.0.0.1", "IDENTITY_ENDPOINT=" + a.echoes.identity.URL + "/msi/token",
		"AZURE_TENANT_ID=" + a.workspace.Options().Tenant, "AZURE_CLIENT_ID=" + a.workspace.Options().ClientID,
		"HTTPS_PROXY=http://relay:" + a.canaries.hatch("$HTTPS_PROXY", false) + "@proxy.example.com:3128",
	}
	for _, name := range []string{"IDENTITY_HEADER", "AZURE_CLIENT_SECRET"} {
		a.env = append(a.env, name+"="+a.canaries.hatch("$"+name, false))
	}
	return a
}

// write writes a file that only its owner may read, and returns its path.
func (a *aviary) write(name, text string) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// secret is a file with a canary.
func (a *aviary) secret(name string) string {
	a.t.Helper()
	return a.write(name, a.canaries.hatch(name, true)+"\n")
}

// pair is a certificate and its key, of which each line is a canary.
func (a *aviary) pair(name string) (cert, key string) {
	a.t.Helper()
	pair, err := a.echoes.ca.Issue(name)
	if err != nil {
		a.t.Fatal(err)
	}
	for line := range strings.Lines(string(pair.Key)) {
		if line = strings.TrimSpace(line); len(line) > 16 && !strings.HasPrefix(line, "-----") {
			a.canaries.keep("key of "+name, line)
		}
	}
	return a.write(name+".pem", string(pair.Cert)), a.write(name+".key", string(pair.Key))
}

// leaky builds the module that repeats its settings.
func (a *aviary) leaky() (path, sum string) {
	a.t.Helper()
	path = filepath.Join(a.dir, "leaky")
	c := exec.Command("go", "build", "-o", path, "./leaky")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		a.t.Fatalf("build: %v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		a.t.Fatal(err)
	}
	return path, fmt.Sprintf("%x", sha256.Sum256(program))
}

// sources is the part of the configuration about sources.
func (a *aviary) sources() string {
	o, e := a.workspace.Options(), a.echoes
	ca, err := e.ca.WriteFile(a.dir)
	if err != nil {
		a.t.Fatal(err)
	}
	application := fmt.Sprintf("tenant_id: %s, client_id: %s", o.Tenant, o.ClientID)
	secret := func(name, authority string) string {
		return fmt.Sprintf("{kind: secret, %s, secret_file: %s, authority: %q}", application, a.secret(name), authority)
	}
	cert, key := a.pair("identity")
	both := a.write("identity-both.pem", a.read(cert)+a.read(key))
	var list strings.Builder
	add := func(number int, endpoint, credential string) {
		fmt.Fprintf(&list, "    - {workspace: 00000000-0000-0000-0000-00000000000%d, endpoint: %q, ca_file: %s, tables: [{name: AuditLogs}], every: 500ms, credential: %s}\n",
			number, endpoint, ca, credential)
	}
	add(1, e.api.URL, secret("secret_file that the directory refuses", e.refuses.URL))
	add(2, e.api.URL, secret("secret_file of a token that the service refuses", e.grants.URL))
	add(3, e.broken.URL, secret("secret_file of a token that comes back in a status line", e.grants.URL))
	add(4, e.api.URL, fmt.Sprintf("{kind: certificate, %s, certificate_file: %s, authority: %q}", application, both, e.refuses.URL))
	add(5, e.api.URL, fmt.Sprintf("{kind: workload, %s, token_file: %s, authority: %q}", application, a.secret("token_file"), e.refuses.URL))
	add(6, e.api.URL, "{kind: managed}")
	add(7, e.api.URL, fmt.Sprintf("{kind: default, tenant_id: %s, authority: %q}", o.Tenant, e.refuses.URL))
	good := a.write("good-secret", o.Secret)
	fmt.Fprintf(&list, "    - {workspace: %s, endpoint: %q, ca_file: %s, tables: [{name: AuditLogs}], start: 5m, settle: 0s, every: 200ms, max_requests: 100000, "+
		"credential: {kind: secret, %s, secret_file: %s, authority: %q}}\n",
		o.Workspace, a.workspace.Endpoint(), a.write("workspace-ca.pem", string(a.workspace.CAPEM())), application, good, a.workspace.URL())
	graph := func(name, endpoint, authority string) string {
		return fmt.Sprintf("name: %s, endpoint: %q, ca_file: %s, every: 500ms, credential: %s", name, endpoint, ca, secret("graph "+name, authority))
	}
	return fmt.Sprintf("sources:\n  log_analytics:\n%s  graph:\n    - {%s}\n    - {%s}\n    - {%s}\n", &list,
		graph("refused", e.api.URL, e.refuses.URL), graph("denied", e.api.URL, e.grants.URL), graph("broken", e.broken.URL, e.grants.URL)) +
		fmt.Sprintf("directory: {enabled: true, endpoint: %q, ca_file: %s, every: 1s, credential: %s}\n", e.api.URL, ca, secret("directory", e.grants.URL))
}

func (a *aviary) read(path string) string {
	a.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// configure writes the configuration.
func (a *aviary) configure() (config string) {
	a.t.Helper()
	e, ca := a.echoes, filepath.Join(a.dir, "ca.pem")
	program, sum := a.leaky()
	cert, key := a.pair("collector client")
	syslogCert, syslogKey := a.pair("syslog client")
	password, code := a.canaries.hatch("proxy_auth_file", true), a.canaries.hatch("url_file", false)
	text := fmt.Sprintf("data_dir: %s\nlog: {level: debug}\nmetrics: {listen: %q}\n", filepath.Join(a.dir, "data"), a.metrics) +
		a.sources() +
		fmt.Sprintf("modules: [{name: leaky, path: %s, sha256: %s, settings_files: {token: %s}}]\n", program, sum, a.secret("settings_files")) +
		fmt.Sprintf(`sinks:
  splunk_hec:
    - {name: denied, url: %q, ca_file: %s, token_file: %s, cert_file: %s, key_file: %s}
    - {name: rejecting, url: %q, ca_file: %s, token_file: %s}
    - {name: proxied, url: "https://splunk.example.com:8088", token_file: %s, proxy: %q, proxy_auth_file: %s}
  sumo_logic: [{name: sumo, ca_file: %s, url_file: %s}]
  syslog: [{name: syslog, receiver: generic, address: %q, ca_file: %s, cert_file: %s, key_file: %s}]
  file: [{name: file, path: %s}]
`, e.denies.URL, ca, a.secret("token_file that is denied"), cert, key,
			e.rejects.URL, ca, a.secret("token_file that works"),
			a.secret("token_file behind a proxy"), e.proxy.URL, a.write("auth", "relay:"+password),
			ca, a.write("sumo-url", e.sumo.URL+"/receiver/v1/http/"+code),
			a.silent, ca, syslogCert, syslogKey, filepath.Join(a.dir, "events.ndjson"))
	return a.write("riskrelay.yaml", text)
}

// command runs riskrelay and returns what it wrote; its exit code is the business of other tests.
func (a *aviary) command(args ...string) string {
	a.t.Helper()
	c := exec.Command(a.binary, args...)
	c.Env = a.env
	out, err := c.CombinedOutput()
	if failed := new(exec.ExitError); err != nil && !asExit(err, &failed) {
		a.t.Fatal(err)
	}
	return string(out)
}

func asExit(err error, failed **exec.ExitError) (ok bool) {
	*failed, ok = err.(*exec.ExitError) //nolint:errorlint // of os/exec itself
	return ok
}

func (a *aviary) page(path string) string {
	a.t.Helper()
	reply, err := http.Get("http://" + a.metrics + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

// letters are the dead letters as they lie on the disk.
func (a *aviary) letters() (text string) {
	_ = filepath.WalkDir(filepath.Join(a.dir, "data", "dead"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			text += a.read(path)
		}
		return nil // what isn't there yet
	})
	return text
}

// buffer is what a process has written so far.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// row has a row come in, which holds text.
func (a *aviary) row(id, text string) {
	a.t.Helper()
	stamp := time.Now().UTC().Format(time.RFC3339Nano)
	if _, err := a.workspace.AddNow("AuditLogs", fmt.Appendf(nil, `{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"Update application","AdditionalDetails":%q}`, id, stamp, text)); err != nil {
		a.t.Fatal(err)
	}
}

// TestCanaries plants a secret in every place that takes one, has every receiver and service repeat them in every spelling, and
// looks for them in all that leaves the process. Rows go out as they are.
func TestCanaries(t *testing.T) {
	a := newAviary(t)
	config := a.configure()
	run := exec.Command(a.binary, "run", "-c", config)
	run.Env = a.env
	log := new(buffer)
	run.Stdout, run.Stderr = log, log
	const inRow = "token=not-a-canary-but-like-one"
	a.row("row-1", inRow)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = run.Wait(); close(ended) }()
	t.Cleanup(func() { _ = run.Process.Kill(); <-ended })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-ended; cancel() }()
	until := func(what string, done func() bool) {
		t.Helper()
		if err := poll(ctx, done); err != nil {
			t.Fatalf("the host ended before %s:\n%s", what, log)
		}
	}
	status := func() string { return a.command("status", "-c", config, "--format", "json") }
	rejected := func(id string) func() bool { return func() bool { return strings.Contains(a.letters(), id) } }
	until("an event was refused", rejected("row-1"))
	// The former token is repeated after the rotation too.
	a.secret("token_file that works")
	for i := range 2 * len(spelled("")) { // each in another spelling
		id := fmt.Sprintf("row-%d", i+2)
		a.row(id, inRow)
		until(id+" was refused", rejected(id))
	}
	until("everything failed once", func() bool {
		return strings.Count(status(), `"last_error"`) >= 7+3+4 && strings.Contains(log.String(), "can't read the directory")
	})
	artefacts := map[string]string{
		"status": status(), "status for people": a.command("status", "-c", config), "metrics": a.page("/metrics"), "ready": a.page("/readyz"),
		"verify": a.command("verify", "-c", config, "--from", "-1h"), "events": a.read(filepath.Join(a.dir, "events.ndjson")),
		"dead letters": a.letters(), "dead letters, listed": a.command("deadletter", "list", "-c", config) + a.command("deadletter", "list", "rejecting", "-c", config),
	}
	if err := run.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-ended
	artefacts["log and goroutines"] = log.String()
	for name, args := range map[string][]string{
		"check source": {"check", "source"}, "check sink": {"check", "sink", "--format", "json"}, "validate": {"validate"},
		"verify, alone": {"verify", "--from", "-1h"}, "dead letters, sent again": {"deadletter", "retry", "rejecting"}, "configuration": {"config", "show", "--expand"},
	} {
		a.echoes.forget() // each process knows its own secrets
		artefacts[name] = a.command(append(args, "-c", config)...)
	}
	artefacts["dead letters, in the end"] = a.letters()
	if !strings.Contains(log.String(), "goroutine ") || !strings.Contains(log.String(), "configured with") || !strings.Contains(artefacts["metrics"], "riskrelay_") {
		t.Errorf("something to look into is missing:\n%s", log)
	}
	if !strings.Contains(artefacts["events"], inRow) || !strings.Contains(artefacts["dead letters"], inRow) {
		t.Error("a row was changed")
	}
	for name, text := range artefacts {
		if found := a.canaries.found(text); len(found) > 0 {
			t.Errorf("%s holds %s", name, strings.Join(found, ", "))
		}
	}
	if n := len(a.canaries.all); n < 30 {
		t.Errorf("only %d canaries", n)
	}
}
