package peer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// Otelcol is a running HEC receiver of the OpenTelemetry Collector.
type Otelcol struct {
	URL       string // for splunkhec.Config
	TokenFile string // holds some token: the collector's receiver checks none
	CAFile    string // the authority of its certificate
	out       string
	process   *process
}

// StartOtelcol builds the receivers of host/e2e/readers, unless they were built before, and runs that for HEC until the test
// ends. It speaks TLS and acknowledges requests that name a channel.
func StartOtelcol(t testing.TB) *Otelcol {
	t.Helper()
	dir := t.TempDir()
	files, address := newCertificates(t, dir), freeAddress(t)
	o := &Otelcol{URL: "https://" + address, CAFile: files.ca, TokenFile: filepath.Join(dir, "token"), out: filepath.Join(dir, "received.json")}
	write(t, o.TokenFile, "00000000-fake-token-0000-000000000000")
	o.process = startOtel(t, "splunk_hec", o.out, map[string]any{
		"endpoint": address,
		"tls":      map[string]any{"cert_file": files.serverCert, "key_file": files.serverKey},
		"ack":      map[string]any{"extension": "ack"},
	})
	o.process.listening(t, address)
	return o
}

// startOtel runs a receiver of the collector with its configuration; it writes to out.
func startOtel(t testing.TB, receiver, out string, config map[string]any) *process {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.json")
	write(t, file, string(text))
	return startProcess(t, build(t, "otel", "."), receiver, file, out)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the receiver and returns what it received, in order.
func (o *Otelcol) Stop(t testing.TB) []Received {
	t.Helper()
	o.process.stop(t)
	var all []Received
	for _, batch := range readOTLP(t, o.process, o.out) {
		all = append(all, batch.events()...)
	}
	return all
}

// readOTLP is what a receiver of the collector wrote.
func readOTLP(t testing.TB, p *process, out string) (all []otlpLogs) {
	t.Helper()
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("read what the collector wrote: %v\n%s", err, p.output.String())
	}
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var batch otlpLogs
		if err := json.Unmarshal(line, &batch); err != nil {
			t.Fatalf("read what the collector wrote: %v in %.300q", err, line)
		}
		all = append(all, batch)
	}
	return all
}

// otlpLogs are log records in the JSON encoding of OTLP.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
type otlpLogs struct {
	ResourceLogs []struct {
		Resource  struct{ Attributes []otlpAttribute }
		ScopeLogs []struct{ LogRecords []otlpRecord }
	}
}

type otlpRecord struct {
	TimeUnixNano string
	Body         otlpValue
	Attributes   []otlpAttribute
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

// json appends the value as JSON. Numbers are written with all their digits.
func (v otlpValue) json(dst []byte) []byte {
	switch {
	case v.StringValue != nil:
		return enrich.AppendString(dst, *v.StringValue)
	case v.BoolValue != nil:
		return strconv.AppendBool(dst, *v.BoolValue)
	case v.IntValue != nil:
		return append(dst, *v.IntValue...)
	case v.DoubleValue != nil:
		return strconv.AppendFloat(dst, *v.DoubleValue, 'g', -1, 64)
	case v.ArrayValue != nil:
		dst = append(dst, '[')
		for i, e := range v.ArrayValue.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.json(dst)
		}
		return append(dst, ']')
	case v.KvlistValue != nil:
		dst = append(dst, '{')
		for i, a := range v.KvlistValue.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = a.Value.json(append(enrich.AppendString(dst, a.Key), ':'))
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// plain is the value as encoding/json would give it.
func (v otlpValue) plain() (value any) {
	if json.Unmarshal(v.json(nil), &value) != nil {
		return nil // a number that isn't one in JSON, as NaN
	}
	return value
}

func (l otlpLogs) events() (all []Received) {
	l.each(func(r otlpRecord) {
		fields := map[string]string{"time": r.TimeUnixNano}
		for _, a := range r.Attributes {
			fields[a.Key] = fmt.Sprint(a.Value.plain())
		}
		all = append(all, Received{ID: fields["event_id"], Fields: fields, Event: r.Body.plain()})
	})
	return all
}

// each calls do with every record, whose attributes are then its resource's too.
func (l otlpLogs) each(do func(otlpRecord)) {
	for _, resource := range l.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			for _, record := range scope.LogRecords {
				record.Attributes = append(slices.Clone(resource.Resource.Attributes), record.Attributes...)
				do(record)
			}
		}
	}
}
