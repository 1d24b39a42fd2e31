package peer

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Otelcol is a running OpenTelemetry Collector.
type Otelcol struct {
	URL       string // for splunkhec.Config
	TokenFile string // holds some token: the collector's receiver checks none
	CAFile    string // the authority of its certificate
	out       string
	process   *process
}

// StartOtelcol builds the collector of host/e2e/otelcol, unless it was built before, and runs it until the test ends.
// Its HEC receiver speaks TLS and acknowledges requests that name a channel.
func StartOtelcol(t testing.TB) *Otelcol {
	t.Helper()
	dir := t.TempDir()
	files, address := newCertificates(t, dir), freeAddress(t)
	o := &Otelcol{
		URL: "https://" + address, CAFile: files.ca,
		TokenFile: filepath.Join(dir, "token"), out: filepath.Join(dir, "received.json"),
	}
	config := fmt.Sprintf(`
extensions:
  ack: {}
receivers:
  splunk_hec:
    endpoint: %s
    tls: {cert_file: %q, key_file: %q}
    ack: {extension: ack}
exporters:
  file: {path: %q}
service:
  extensions: [ack]
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    logs: {receivers: [splunk_hec], exporters: [file]}
`, address, files.serverCert, files.serverKey, o.out)
	configFile := filepath.Join(dir, "config.yaml")
	write(t, configFile, config)
	write(t, o.TokenFile, "00000000-fake-token-0000-000000000000")
	o.process = startProcess(t, buildOtelcol(t), "--config", configFile)
	o.process.listening(t, address)
	return o
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// buildOtelcol returns the collector's binary. It is kept in the user's cache under a name made of its sources.
func buildOtelcol(t testing.TB) string {
	t.Helper()
	gomod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	source := filepath.Join(filepath.Dir(strings.TrimSpace(string(gomod))), "host", "e2e", "otelcol")
	digest := sha256.New()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		digest.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	binary := filepath.Join(cache, "riskrelay", fmt.Sprintf("otelcol-%x", digest.Sum(nil)[:8]))
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	built := fmt.Sprintf("%s.%d", binary, os.Getpid())
	build := exec.Command("go", "build", "-trimpath", "-o", built, ".")
	build.Dir = source
	build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the OpenTelemetry Collector in %s: %v\n%s", source, err, out)
	}
	if err := os.Rename(built, binary); err != nil { // at once, for tests that run beside this one
		t.Fatal(err)
	}
	return binary
}

// Stop ends the collector and returns what it received, in order.
func (o *Otelcol) Stop(t testing.TB) []Received {
	t.Helper()
	o.process.stop(t)
	content, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatalf("read what the collector wrote: %v\n%s", err, o.process.output.String())
	}
	var all []Received
	for line := range bytes.Lines(content) {
		var request otlpLogs
		if err := json.Unmarshal(line, &request); err != nil {
			t.Fatalf("read what the collector wrote: %v in %.300q", err, line)
		}
		all = append(all, request.events()...)
	}
	return all
}

// otlpLogs are log records in the JSON encoding of OTLP.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type otlpLogs struct {
	ResourceLogs []struct {
		Resource  struct{ Attributes []otlpAttribute }
		ScopeLogs []struct {
			LogRecords []struct {
				TimeUnixNano string
				Body         otlpValue
				Attributes   []otlpAttribute
			}
		}
	}
}

type otlpAttribute struct {
	Key   string
	Value otlpValue
}

type otlpValue struct {
	StringValue *string
	BoolValue   *bool
	IntValue    *string
	DoubleValue *float64
	ArrayValue  *struct{ Values []otlpValue }
	KvlistValue *struct{ Values []otlpAttribute }
}

// plain is the value as encoding/json would give it.
func (v otlpValue) plain() any {
	switch {
	case v.StringValue != nil:
		return *v.StringValue
	case v.BoolValue != nil:
		return *v.BoolValue
	case v.IntValue != nil:
		n, _ := strconv.ParseFloat(*v.IntValue, 64) // an integer by the format
		return n
	case v.DoubleValue != nil:
		return *v.DoubleValue
	case v.ArrayValue != nil:
		list := []any{}
		for _, e := range v.ArrayValue.Values {
			list = append(list, e.plain())
		}
		return list
	case v.KvlistValue != nil:
		object := map[string]any{}
		for _, a := range v.KvlistValue.Values {
			object[a.Key] = a.Value.plain()
		}
		return object
	}
	return nil
}

func (l otlpLogs) events() (all []Received) {
	for _, resource := range l.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			for _, record := range scope.LogRecords {
				fields := map[string]string{"time": record.TimeUnixNano}
				for _, a := range append(resource.Resource.Attributes, record.Attributes...) {
					fields[a.Key] = fmt.Sprint(a.Value.plain())
				}
				all = append(all, Received{ID: fields["event_id"], Fields: fields, Event: record.Body.plain()})
			}
		}
	}
	return all
}
