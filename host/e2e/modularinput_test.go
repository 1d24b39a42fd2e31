//go:build linux

package e2e

import (
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/modularinput"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// replayed is a configuration that sends a file of rows to a collector. It says no data_dir.
const replayed = `
sources: {files: ["%s"]}
sinks: {splunk_hec: [{name: hec, url: "%s", token_file: "${SPLUNK_HOME}/etc/apps/TA-riskrelay/local/hec-token", requests: 1}]}
rules: {builtin: false%s}
`

// TestModularInput drives the program of Splunk's add-on as splunkd does.
func TestModularInput(t *testing.T) {
	binary := buildBinary(t)
	for name, test := range map[string]func(*testing.T, *splunkd){
		"scheme": inputScheme, "validation": inputValidation, "killed": inputKilled, "ends": inputEnds, "fails": inputFails,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSplunkd(t, binary))
		})
	}
}

// inputScheme asks for the scheme, and calls the program under its name in the add-on as people do.
func inputScheme(t *testing.T, s *splunkd) {
	if code, out := s.call("", "--scheme"); code != 0 || out != modularinput.Scheme {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out := s.call("", "version"); code != 0 || !strings.HasPrefix(out, "riskrelay ") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// inputValidation has inputs validated, good ones and bad ones.
func inputValidation(t *testing.T, s *splunkd) {
	rows := s.write("rows.ndjson", "")
	s.write("hec-token", "fake-token")
	good := fmt.Sprintf(replayed, rows, "http://127.0.0.1:9", "")
	s.write("riskrelay.yaml", good)
	s.write("unknown.yaml", strings.Replace(good, "sinks:", "sink:", 1))
	s.write("stdin.yaml", fmt.Sprintf(replayed, "-", "http://127.0.0.1:9", ""))
	s.write("rules.yaml", fmt.Sprintf(replayed, rows, "http://127.0.0.1:9", ", paths: ["+s.write("bad.rules.yaml", fmt.Sprintf(acmePack, "one", "OperationNam"))+"]"))
	if err := os.Chmod(s.write("open.yaml", good), 0o666); err != nil {
		t.Fatal(err)
	}
	s.example(t)
	for name, test := range map[string]struct {
		setting, value string
		code           int
		says           string
	}{
		"good":                   {},
		"an absolute path":       {setting: "config_file", value: filepath.Join(s.addon(), "local/riskrelay.yaml")},
		"a path below Splunk":    {setting: "config_file", value: "$SPLUNK_HOME/etc/apps/TA-riskrelay/local/riskrelay.yaml"},
		"the example":            {setting: "config_file", value: "README/riskrelay.yaml.example"},
		"no configuration":       {"config_file", "", 3, "config_file: name riskrelay's configuration"},
		"not there":              {"config_file", "local/absent.yaml", 3, "local/absent.yaml: no such file"},
		"a secret in a name":     {"config_file", "local/" + sessionKey, 3, "local/***: no such file"},
		"an unknown key":         {"config_file", "local/unknown.yaml", 3, "did you mean `sinks`?"},
		"standard input is read": {"config_file", "local/stdin.yaml", 3, `"-" is standard input, which is splunkd's here`},
		"rules that don't load":  {"config_file", "local/rules.yaml", 2, "OperationNam"},
		"others may change it":   {"config_file", "local/open.yaml", 3, "can be changed by every user"},
		"no log level":           {"log_level", "loud", 3, `log_level: "loud" is none of error, warn, info, debug`},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.settings[test.setting]
			if test.setting != "" {
				s.settings[test.setting] = test.value
				defer func() { s.settings[test.setting] = before }()
			}
			code, out := s.call(s.document(false), "--validate-arguments")
			if code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, out)
			}
			if test.code == 0 && out == "" {
				return
			}
			var said struct {
				XMLName xml.Name `xml:"error"`
				Message string   `xml:"message"`
			}
			if err := xml.Unmarshal([]byte(out), &said); err != nil || !strings.Contains(said.Message, test.says) || test.says == "" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	if entries, err := os.ReadDir(s.checkpoints); err != nil || len(entries) > 0 {
		t.Errorf("validating left %v behind: %v", entries, err)
	}
}

// turnstile lets requests pass one by one, until it is shut and hangs up.
type turnstile struct{ pass, shut chan struct{} }

func (g *turnstile) answer() *hectest.Answer {
	select {
	case <-g.pass:
		return nil
	case <-g.shut:
		return &hectest.Answer{Cut: true}
	}
}

// inputKilled kills an input in the middle of a file, several times. Splunkd starts it again, and in the end the
// collector has each row; what it remembers lies among splunkd's checkpoints.
func inputKilled(t *testing.T, s *splunkd) {
	var gate atomic.Pointer[turnstile]
	hec, err := hectest.Start(hectest.Config{Token: "fake-token", Answer: func(hectest.Request) *hectest.Answer { return gate.Load().answer() }})
	if err != nil {
		t.Fatal(err)
	}
	defer hec.Close()
	s.write("hec-token", "fake-token")
	const rows = 6000
	sent := map[string]uint64{}
	var text strings.Builder
	for n := range rows {
		id := fmt.Sprintf("row-%05d", n)
		sent[id] = 0
		fmt.Fprintf(&text, `{"Type":"AuditLogs","_ItemId":%q,"TimeGenerated":"2026-03-02T10:00:00Z","OperationName":"x"}`+"\n", id)
	}
	s.write("riskrelay.yaml", fmt.Sprintf(replayed, s.write("rows.ndjson", text.String()), hec.URL, ""))

	for range 3 {
		now := &turnstile{pass: make(chan struct{}), shut: make(chan struct{})}
		gate.Store(now)
		i := s.start(false)
		for range 2 {
			select {
			case now.pass <- struct{}{}:
			case <-i.exited:
				t.Fatalf("the input ended by itself\n%s", i.last())
			}
		}
		i.kill()
		close(now.shut)
	}
	open := &turnstile{pass: make(chan struct{})}
	close(open.pass)
	gate.Store(open)
	i := s.start(false)
	i.await("the files were read to their end")
	if d := hec.Events.Compare(sent); !d.None() || !i.running() {
		t.Errorf("%d of %d: %s; running: %v", hec.Events.Len(), rows, show(d.Missing, d.Invented), i.running())
	}
	if _, err := os.Stat(filepath.Join(s.checkpoints, "main", boltstore.FileName)); err != nil {
		t.Error(err)
	}
	i.signal(syscall.SIGTERM)
	if code := i.ends(); code != 0 {
		t.Errorf("exit code %d after SIGTERM\n%s", code, i.last())
	}
}

// inputEnds has splunkd end an input in each of its ways, and start it anew, also with other settings. What was read
// is confirmed each time: no row is missing, and none comes twice.
func inputEnds(t *testing.T, s *splunkd) {
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
	o := workspace.Options()
	rules := s.write("acme.yaml", fmt.Sprintf(acmePack, "one", "OperationName"))
	s.write("riskrelay.yaml", fmt.Sprintf(`
sources:
  log_analytics:
    - workspace: %[1]s
      endpoint: %[2]s
      ca_file: %[3]s
      credential: {kind: secret, tenant_id: %[4]s, client_id: %[5]s, secret_file: %[6]s, authority: %[7]s}
      tables: [{name: AuditLogs}]
      settle: 1s
      every: 1s
rules: {builtin: false, watch: false, paths: [%[8]s]}
sinks: {splunk_hec: [{name: hec, url: "%[9]s", token_file: %[10]s}]}
`, o.Workspace, workspace.Endpoint(), s.write("ca.pem", string(workspace.CAPEM())), o.Tenant, o.ClientID,
		s.write("secret", o.Secret), workspace.URL(), rules, hec.URL, s.write("hec-token", "fake-token")))
	sent := map[string]uint64{}
	arrive := func(i *input, rows int, tag string) {
		t.Helper()
		for range rows {
			id := fmt.Sprintf("row-%d", len(sent))
			sent[id] = 0
			row := fmt.Sprintf(`{"_ItemId":%q,"TimeGenerated":%q,"OperationName":"x"}`, id, time.Now().UTC().Format(time.RFC3339Nano))
			if _, err := workspace.AddNow("AuditLogs", []byte(row)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, ended := context.WithCancel(t.Context())
		defer ended()
		go func() { <-i.exited; ended() }()
		if err := hec.Events.Wait(ctx, len(sent)); err != nil {
			t.Fatalf("%v\n%s", err, i.last())
		}
		if line := got.find(fmt.Sprintf(`"event_id":"row-%d"`, len(sent)-1)); !strings.Contains(line, `"tags":["acme.`+tag+`"]`) {
			t.Errorf("want the tag acme.%s in %s", tag, line)
		}
	}

	for _, end := range []struct {
		how  string
		keep bool // the input is open as long as splunkd lives
		end  func(*input)
		says string
	}{
		{"SIGTERM, the input closed", false, func(i *input) { i.signal(syscall.SIGTERM) }, "INFO stopped"},
		{"SIGTERM, the input open", true, func(i *input) { i.signal(syscall.SIGTERM) }, "INFO stopped"},
		{"a closed input", true, func(i *input) { _ = i.stdin.Close() }, "INFO standard input was closed: ending"},
		{"splunkd dies", false, func(i *input) { _ = i.stdout.Close() }, "INFO nobody reads standard output any more"},
	} {
		i := s.start(end.keep)
		i.await("INFO running")
		arrive(i, 20, "one")
		end.end(i)
		if code := i.ends(); code != 0 || !i.says(end.says) {
			t.Errorf("%s: exit code %d\n%s", end.how, code, i.last())
		}
	}

	// SIGHUP loads rules that changed. Settings that are edited in Splunk reach the input with its next start.
	i := s.start(false)
	arrive(i, 20, "one")
	s.write("acme.yaml", fmt.Sprintf(acmePack, "two", "OperationNam"))
	i.signal(syscall.SIGHUP)
	i.await("ERROR can't reload: the old rules stay at work")
	arrive(i, 1, "one")
	s.write("acme.yaml", fmt.Sprintf(acmePack, "two", "OperationName"))
	i.signal(syscall.SIGHUP)
	i.await("INFO rules reloaded")
	arrive(i, 1, "two")
	i.signal(syscall.SIGTERM)
	i.ends()
	s.settings["log_level"] = "warn"
	i = s.start(false)
	arrive(i, 20, "two")
	i.signal(syscall.SIGTERM)
	if code := i.ends(); code != 0 || i.says("INFO ") {
		t.Errorf("exit code %d, and the log of level warn is\n%s", code, i.last())
	}
	if d := hec.Events.Compare(sent); !d.None() || hec.Events.Total() != len(sent) {
		t.Errorf("%s, %d of %d came twice", show(d.Missing, d.Invented), hec.Events.Total()-len(sent), len(sent))
	}
}

// inputFails starts inputs that can't run. They say why once and wait, as splunkd would start them at once, but not
// for longer than they are wanted.
func inputFails(t *testing.T, s *splunkd) {
	s.settings["log_levl"] = "info"
	s.settings["config_file"] = "local/" + sessionKey
	i := s.start(false)
	i.await("ERROR config_file: ")
	if !i.says("WARN the setting log_levl isn't one of riskrelay's: did you mean log_level?") || !i.running() {
		t.Errorf("running: %v\n%s", i.running(), i.last())
	}
	i.signal(syscall.SIGTERM)
	if code := i.ends(); code != 3 {
		t.Errorf("exit code %d\n%s", code, i.last())
	}
}
