package peer

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

const contrib = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/"

func otelHEC(t testing.TB) *Reader {
	o := StartOtelcol(t)
	return &Reader{
		Version: moduleVersion(t, contrib+"splunkhecreceiver"), URL: o.URL, TokenFile: o.TokenFile, CAFile: o.CAFile,
		Read: func(int) (all []Seen) {
			o.process.stop(t)
			for _, batch := range readOTLP(t, o.process, o.out) {
				batch.each(func(r otlpRecord) { all = append(all, hecRecord(r)) })
			}
			return all
		},
	}
}

// hecRecord names the fields as the receiver's own conventions do not.
func hecRecord(r otlpRecord) Seen {
	seen := Seen{}
	if ns, _ := strconv.ParseInt(r.TimeUnixNano, 10, 64); ns != 0 {
		// The receiver computes the time in floating point.
		seen["time"] = time.Unix(0, ns).UTC().Round(time.Millisecond).Format(time.RFC3339Nano)
	}
	names := map[string]string{"host.name": "host", "com.splunk.source": "source", "com.splunk.sourcetype": "sourcetype", "com.splunk.index": "index"}
	for _, a := range r.Attributes {
		if name, ok := names[a.Key]; ok {
			seen[name] = *a.Value.StringValue
		} else {
			seen["fields."+a.Key] = string(a.Value.json(nil))
		}
	}
	Flatten(seen, "event", r.Body.json(nil))
	return seen
}

// Flatten adds to seen each value of the JSON under its path: members of objects behind dots; lists are values.
func Flatten(seen Seen, path string, value []byte) {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil || len(members) == 0 {
		seen[path] = string(value)
		return
	}
	for name, member := range members {
		Flatten(seen, path+"."+name, member)
	}
}

func otelSyslog(protocol string) func(testing.TB) *Reader {
	return func(t testing.TB) *Reader {
		out, address := filepath.Join(t.TempDir(), "received.json"), freeAddress(t)
		config := map[string]any{"tcp": map[string]any{"listen_address": address}, "protocol": protocol, "location": "UTC"}
		lines := protocol == syslog.RFC3164 // the receiver counts octets of RFC 5424 only
		if !lines {
			config["enable_octet_counting"] = true
		}
		process := startOtel(t, "syslog", out, config)
		process.listening(t, address)
		return &Reader{
			Version: moduleVersion(t, contrib+"syslogreceiver"), Address: address, Lines: lines, Receiver: "otel",
			Read: func(n int) (all []Seen) {
				until(t, process, func() bool { return len(otelMessages(t, process, out)) >= n })
				process.stop(t)
				return otelMessages(t, process, out)
			},
		}
	}
}

func otelMessages(t testing.TB, p *process, out string) (all []Seen) {
	t.Helper()
	for _, batch := range readOTLP(t, p, out) {
		batch.each(func(r otlpRecord) { all = append(all, syslogRecord(r)) })
	}
	return all
}

// syslogRecord takes the fields out of the attributes that the receiver's parser makes.
func syslogRecord(r otlpRecord) Seen {
	seen, text := Seen{}, map[string]json.RawMessage{}
	for _, a := range r.Attributes {
		text[a.Key] = a.Value.json(nil)
	}
	plain := func(key string) string {
		var s string
		if json.Unmarshal(text[key], &s) != nil {
			return string(text[key])
		}
		return s
	}
	if ns, _ := strconv.ParseInt(r.TimeUnixNano, 10, 64); ns != 0 {
		seen["time"] = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
	}
	if priority, err := strconv.Atoi(plain("priority")); err == nil {
		seen["severity"] = strconv.Itoa(priority % 8)
	}
	for name, key := range map[string]string{"facility": "facility", "host": "hostname", "app": "appname", "procid": "proc_id", "msgid": "msg_id", "message": "message"} {
		seen.put(name, plain(key))
	}
	var data map[string]map[string]string
	if json.Unmarshal(text["structured_data"], &data) == nil {
		for id, parameters := range data {
			seen.parameters(id, parameters)
		}
	}
	return seen
}

// parameters adds those of one element of structured data; only ours is expected.
func (s Seen) parameters(id string, parameters map[string]string) {
	prefix := "sd."
	if !strings.HasPrefix(id, "riskrelay@") {
		prefix += id + "."
	}
	for name, value := range parameters {
		s[prefix+name] = value
	}
}
