//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/e2e/peer"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// corpus is what the tests send: ordinary events and hostile ones.
func corpus() []enrich.Event { return append(sinktest.Events(5000), sinktest.Hostile()...) }

// sendAll sends events in batches from several goroutines, and then closes the sink.
func sendAll(t *testing.T, sink pipeline.Sink, events []enrich.Event) {
	t.Helper()
	batches := make(chan []enrich.Event)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for batch := range batches {
				if receipt, err := sink.Send(t.Context(), batch); err != nil || receipt.Events != len(batch) {
					t.Errorf("receipt %+v, %v", receipt, err)
				}
			}
		})
	}
	for len(events) > 0 {
		n := min(500, len(events))
		batches <- events[:n]
		events = events[n:]
	}
	close(batches)
	group.Wait()
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// compare checks that got holds each of events once, with its content, and nothing else.
func compare(t *testing.T, got []peer.Received, events []enrich.Event, encode func([]byte, *enrich.Event) ([]byte, error)) map[string]peer.Received {
	t.Helper()
	byID := map[string]peer.Received{}
	for _, r := range got {
		if _, twice := byID[r.ID]; twice {
			t.Errorf("%v came twice", r)
		}
		byID[r.ID] = r
	}
	missing := 0
	for i := range events {
		e := &events[i]
		r, ok := byID[e.ID]
		if !ok {
			missing++
			continue
		}
		text, err := encode(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r.Event, want) {
			t.Errorf("%v was changed:\n got %.1000v\nwant %.1000v", r, r.Event, want)
		}
	}
	if invented := len(byID) - (len(events) - missing); missing > 0 || invented > 0 {
		t.Errorf("%d events missing, %d invented", missing, invented)
	}
	return byID
}

func TestSplunkHECToOpenTelemetryCollector(t *testing.T) {
	for _, ack := range []bool{false, true} {
		t.Run(fmt.Sprintf("ack %v", ack), func(t *testing.T) {
			collector := peer.StartOtelcol(t)
			config := splunkhec.Defaults()
			config.URL, config.TokenFile, config.CAFile, config.Ack = collector.URL, collector.TokenFile, collector.CAFile, ack
			config.Host, config.Index = "relay01", "azure"
			sink, err := splunkhec.New(config)
			if err != nil {
				t.Fatal(err)
			}
			events := corpus()
			sendAll(t, sink, events)
			byID := compare(t, collector.Stop(t), events, eventjson.Append)
			fields := byID[events[0].ID].Fields
			at, err := strconv.ParseInt(fields["time"], 10, 64)
			// The collector computes the time in floating point.
			if off := events[0].Time.Truncate(time.Millisecond).Sub(time.Unix(0, at)).Abs(); err != nil || off > time.Microsecond {
				t.Errorf("time is %v off, %v", off, err)
			}
			for name, want := range map[string]string{
				"host.name": "relay01", "com.splunk.index": "azure",
				"com.splunk.source":     "riskrelay:11111111-2222-4333-8444-555555555555",
				"com.splunk.sourcetype": "azure:loganalytics:auditlogs",
				"risk_level":            "high", "risk_score": "90",
				"risk_rule":          "[entra.app.credential_added entra.app.owner_changed]",
				"mitre_technique_id": "[T1098 T1098.001]",
			} {
				if fields[name] != want {
					t.Errorf("%s is %q, want %q (of %v)", name, fields[name], want, fields)
				}
			}
		})
	}
}

func TestSyslogToRsyslogOverTLS(t *testing.T) {
	for _, format := range []string{syslog.RFC5424, syslog.RFC3164, syslog.CEF, syslog.LEEF} {
		t.Run(format, func(t *testing.T) {
			server := peer.StartRsyslog(t)
			config := syslog.Defaults()
			config.Receiver, config.MaxMessage = "rsyslog", 64<<10
			config.Address, config.CAFile, config.CertFile, config.KeyFile = server.Address, server.CAFile, server.CertFile, server.KeyFile
			config.Format, config.Hostname = format, "relay01"
			understood(t, config, server.Stop)
		})
	}
}

func TestSyslogToSyslogNG(t *testing.T) {
	for format, lines := range map[string]bool{syslog.RFC5424: false, syslog.RFC3164: true, syslog.CEF: true, syslog.LEEF: true} {
		t.Run(format, func(t *testing.T) {
			server := peer.StartSyslogNG(t)
			config := syslog.Defaults()
			config.Receiver = "syslog-ng"
			config.Address, config.CAFile, config.CertFile, config.KeyFile = server.Address, server.CAFile, server.CertFile, server.KeyFile
			if lines {
				config.Address, config.CAFile, config.CertFile, config.KeyFile = server.Lines, "", "", ""
				config.Network, config.Framing = syslog.TCP, syslog.LF
			}
			config.Format, config.Hostname = format, "relay01"
			understood(t, config, server.Stop)
		})
	}
}

// understood sends the corpus as c says and checks what the receiver made of it.
func understood(t *testing.T, c syslog.Config, stop func(testing.TB, int) []peer.Received) {
	t.Helper()
	sink, err := syslog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	events := corpus()
	sendAll(t, sink, events)
	fields := compare(t, stop(t, len(events)), events, eventjson.Append)[events[0].ID].Fields
	want := map[string]string{"severity": "err", "facility": "local0", "host": "relay01"}
	switch c.Format {
	case syslog.RFC5424:
		want["time"], want["msgid"], want["app"] = "2026-03-01T09:00:00.123456+00:00", "AuditLogs", "riskrelay"
	case syslog.RFC3164:
		want["app"] = "riskrelay"
	case syslog.CEF:
		want["class"], want["cs1"] = "entra.app.credential_added", "entra.app.credential_added,entra.app.owner_changed"
		want["suser"], want["src"], want["cn1"] = "user0@contoso.example", "203.0.113.0", "90"
	case syslog.LEEF:
		want["class"], want["usrName"], want["sev"] = "entra.app.credential_added", "user0@contoso.example", "8"
	}
	for name, value := range want {
		if fields[name] != value {
			t.Errorf("%s is %q, want %q (of %v)", name, fields[name], value, fields)
		}
	}
	sd := `[riskrelay@32473 event_id="` + events[0].ID + `" table="AuditLogs" level="high" score="90"`
	if c.Format == syslog.RFC5424 && !strings.HasPrefix(fields["sd"], sd) {
		t.Errorf("structured data %q, want it to begin with %q", fields["sd"], sd)
	}
}
