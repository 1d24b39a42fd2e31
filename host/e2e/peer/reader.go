package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// The formats of readers over HTTP: Splunk's HTTP Event Collector, and lines of JSON as Sumo Logic takes them. Those of others
// are the formats of package syslog.
const (
	HEC       = "hec"
	JSONLines = "sumologic"
)

// Kind is a foreign program or library that reads one format.
type Kind struct {
	Name   string
	Format string
	// System says that it is the system's own, so that its version may differ from machine to machine.
	System bool
	Start  func(testing.TB) *Reader
}

// Reader is a foreign reader at work.
type Reader struct {
	Version string

	URL, TokenFile, CAFile string // of HEC and lines of JSON, which need no token
	Address                string // of syslog over TCP, for syslog.Config
	Lines                  bool   // messages come one a line, not behind their length
	Receiver               string // what syslog.Config calls it

	// Read waits for the reader to have read n events, and returns what it made of each. Close the sink first.
	Read func(n int) []Seen
}

// Seen is what a reader made of one event: the fields that it saw, under the names of this package.
//
// Of syslog these are facility and severity (as numbers), time (RFC 3339), host, app, procid, msgid, message; "sd." and a
// name for each parameter of structured data; of CEF and LEEF vendor, product, version, class, name, level and delimiter,
// and "ext." and a key for each attribute. Of HEC they are time (RFC 3339), host, source, sourcetype, index; "fields." and
// a name for each indexed field, and "event." and a path for each value in the event, which is all that lines of JSON have. What is absent in the message is
// absent here. A value that the reader has as JSON is JSON.
type Seen map[string]string

// Readers are all of them.
func Readers() []Kind {
	return []Kind{
		{Name: "OpenTelemetry splunkhecreceiver", Format: HEC, Start: otelHEC},
		{Name: "VictoriaLogs", Format: HEC, Start: victoriaHEC},
		{Name: "VictoriaLogs", Format: JSONLines, Start: victoriaLines},
		{Name: "OpenTelemetry syslogreceiver", Format: syslog.RFC5424, Start: otelSyslog(syslog.RFC5424)},
		{Name: "VictoriaLogs", Format: syslog.RFC5424, Start: victoriaSyslog},
		{Name: "rsyslog mmpstrucdata", Format: syslog.RFC5424, System: true, Start: rsyslogStructured},
		{Name: "syslog-ng", Format: syslog.RFC5424, System: true, Start: syslogNGParsers(syslog.RFC5424)},
		{Name: "go-syslog", Format: syslog.RFC5424, Start: goSyslog5424},
		{Name: "glossy (npm)", Format: syslog.RFC5424, Start: npm("glossy")},
		{Name: "nsyslog-parser (npm)", Format: syslog.RFC5424, Start: npm("nsyslog-parser")},
		{Name: "OpenTelemetry syslogreceiver", Format: syslog.RFC3164, Start: otelSyslog(syslog.RFC3164)},
		{Name: "VictoriaLogs", Format: syslog.RFC3164, Start: victoriaSyslog},
		{Name: "rsyslog", Format: syslog.RFC3164, System: true, Start: rsyslogPlain},
		{Name: "syslog-ng", Format: syslog.RFC3164, System: true, Start: syslogNGParsers(syslog.RFC3164)},
		{Name: "go-syslog", Format: syslog.RFC3164, Start: goSyslog3164},
		{Name: "glossy (npm)", Format: syslog.RFC3164, Start: npm("glossy")},
		{Name: "VictoriaLogs", Format: syslog.CEF, Start: victoriaSyslog},
		{Name: "liblognorm (rsyslog mmnormalize)", Format: syslog.CEF, System: true, Start: rsyslogNormalize},
		{Name: "syslog-ng csv-parser and kv-parser", Format: syslog.CEF, System: true, Start: syslogNGParsers(syslog.CEF)},
		{Name: "nsyslog-parser (npm)", Format: syslog.CEF, Start: npm("nsyslog-parser")},
		{Name: "syslog-ng csv-parser and kv-parser", Format: syslog.LEEF, System: true, Start: syslogNGParsers(syslog.LEEF)},
		{Name: "nsyslog-parser (npm)", Format: syslog.LEEF, Start: npm("nsyslog-parser")},
	}
}

// put sets a field to the first of values, unless it is empty or the "-" by which RFC 5424 says that there is none.
func (s Seen) put(name, value string) {
	if value != "" && value != "-" {
		s[name] = value
	}
}

// listener records what clients send over TCP, for readers that are libraries.
type listener struct {
	net.Listener
	served sync.WaitGroup
	mu     sync.Mutex
	got    []byte
}

// listen records until the test ends.
func listen(t testing.TB) *listener {
	t.Helper()
	socket, err := new(net.ListenConfig).Listen(context.WithoutCancel(t.Context()), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: socket}
	l.served.Go(func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			l.take(t, conn)
		}
	})
	t.Cleanup(func() {
		socket.Close()
		l.served.Wait()
	})
	return l
}

// take reads one client to its end.
func (l *listener) take(t testing.TB, conn net.Conn) {
	defer conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	content, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("read what the sink sent: %v", err)
	}
	l.got = append(l.got, content...)
}

// all is everything that was sent, once the sink is closed.
func (l *listener) all() []byte {
	l.Close()
	l.served.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.got
}

// until asks again and again until done is true.
func until(t testing.TB, p *process, done func() bool) {
	t.Helper()
	tick := time.NewTicker(again)
	defer tick.Stop()
	end := time.NewTimer(patience)
	defer end.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("%s ended:\n%s", p.name, p.output.String())
		case <-end.C:
			return // the caller says what is missing
		}
	}
}
