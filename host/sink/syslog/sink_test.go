package syslog_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds a wait for what is bound to happen.
const patience = 3 * time.Minute

// start starts a receiver and returns it with a configuration that fits.
func start(t testing.TB, server syslogtest.Config) (*syslogtest.Server, syslog.Config) {
	t.Helper()
	s, err := syslogtest.Start(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, err := range s.Malformed() {
			t.Error(err)
		}
	})
	c := syslog.Defaults()
	c.Receiver, c.MaxMessage = "generic", 60_000
	c.Address, c.Network, c.Hostname, c.Grace = s.Addr, syslog.TCP, "relay01", 20*time.Millisecond
	if server.UDP {
		c.Network = syslog.UDP
	}
	if server.LF {
		c.Framing = syslog.LF
	}
	switch {
	case server.RFC3164:
		c.Format = syslog.RFC3164
	case server.CEF:
		c.Format = syslog.CEF
	case server.LEEF:
		c.Format = syslog.LEEF
	}
	return s, c
}

func newSink(t testing.TB, c syslog.Config) *syslog.Sink {
	t.Helper()
	s, err := syslog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// withTLS changes both sides to TLS with client certificates.
func withTLS(t testing.TB) (syslogtest.Config, func(*syslog.Config)) {
	t.Helper()
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Issue("relay01")
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig.ClientCAs, tlsConfig.ClientAuth = ca.Pool(), tls.RequireAndVerifyClientCert
	dir := t.TempDir()
	caFile, err := ca.WriteFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := client.WriteFiles(dir, "client")
	if err != nil {
		t.Fatal(err)
	}
	return syslogtest.Config{TLS: tlsConfig}, func(c *syslog.Config) {
		c.Network, c.CAFile, c.CertFile, c.KeyFile = syslog.TLS, caFile, cert, key
	}
}

func TestSuite(t *testing.T) {
	secured, useTLS := withTLS(t)
	for name, c := range map[string]struct {
		server  syslogtest.Config
		change  func(*syslog.Config)
		promise pipeline.Promise
		content func(*testing.T, *enrich.Event) []byte
	}{
		"tcp":          {promise: pipeline.Received},
		"tcp, lf":      {promise: pipeline.Received, server: syslogtest.Config{LF: true}},
		"tcp, rfc3164": {promise: pipeline.Received, server: syslogtest.Config{RFC3164: true}},
		"tcp, cef":     {promise: pipeline.Received, server: syslogtest.Config{CEF: true}, content: syslog.TextCEF},
		"tcp, leef":    {promise: pipeline.Received, server: syslogtest.Config{LEEF: true, LF: true}, content: syslog.TextLEEF},
		"tls":          {promise: pipeline.Received, server: secured, change: useTLS},
		"udp":          {promise: pipeline.BestEffort, server: syslogtest.Config{UDP: true}, change: func(c *syslog.Config) { c.MaxMessage = 60 << 10 }},
	} {
		t.Run(name, func(t *testing.T) {
			sinktest.TestSink(t, func(t *testing.T) sinktest.Peer {
				server, config := start(t, c.server)
				if c.change != nil {
					c.change(&config)
				}
				if c.content == nil {
					c.content = syslog.Text
				}
				return sinktest.Peer{Sink: newSink(t, config), Got: &server.Events, Content: c.content, Promise: c.promise}
			})
		})
	}
}

func TestClosedByReceiverBetweenSends(t *testing.T) {
	server, config := start(t, syslogtest.Config{})
	sink := newSink(t, config)
	sink.Attend(server)
	for round := 1; round <= 3; round++ {
		for try := 0; ; try++ { // a reset may reach us after the next write: then Send says so
			if _, err := sink.Send(t.Context(), sinktest.Events(10)); err == nil {
				break
			} else if try == 3 {
				t.Fatal(err)
			}
		}
		server.CutAll()
	}
	if n := server.Events.Len(); n != 10 {
		t.Errorf("%d events arrived, want 10", n)
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// TestStuckReceiver is about one that reads nothing.
func TestStuckReceiver(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
			defer conn.Close()
		}
	}()
	var events []enrich.Event // 20 MB, more than sockets buffer
	for i := range 400 {
		events = append(events, sinktest.Event(fmt.Sprint(i), "AuditLogs", `{}`, strings.Repeat("x", 50<<10)))
	}
	config := syslog.Defaults()
	config.Receiver, config.MaxMessage = "generic", 60_000
	config.Address, config.Network, config.Timeout = listener.Addr().String(), syslog.TCP, 50*time.Millisecond
	sink := newSink(t, config)
	go func() { <-accepted }()
	if _, err := sink.Send(t.Context(), events); err == nil {
		t.Error("confirmed though nobody reads")
	}
	// With time to spare, the end of the context ends the wait.
	config.Timeout = time.Hour
	patient := newSink(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-accepted
		cancel()
	}()
	if _, err := patient.Send(ctx, events); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	for _, s := range []*syslog.Sink{sink, patient} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestStuckConnectionIsGivenUp is about a receiver whose window is shut: each try has a connection of its own, so that tries don't
// queue up behind what is stuck, and nothing follows on a connection that may end inside a message.
func TestStuckConnectionIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	var events []enrich.Event // 4 MB, more than a receiver's socket takes
	for i := range 80 {
		events = append(events, sinktest.Event(fmt.Sprint(i), "AuditLogs", `{}`, strings.Repeat("x", 50<<10)))
	}
	config := syslog.Defaults()
	config.Receiver, config.MaxMessage = "generic", 60_000
	config.Address, config.Network, config.Timeout = listener.Addr().String(), syslog.TCP, 50*time.Millisecond
	sink := newSink(t, config)
	var longest []byte    // what came on the first connection; the others are to get its beginning
	for len(events) > 1 { // some of these fail in Write, the shorter ones in the wait behind it
		if _, err := sink.Send(t.Context(), events); err == nil {
			(<-accepted).Close()
			break // so few that the receiver's socket takes them
		}
		conn := <-accepted
		got, _ := io.ReadAll(conn) // it ends, though it may have been reset
		conn.Close()
		if len(got) == 0 {
			continue // so busy a machine that the time was over before the first byte
		}
		if longest == nil {
			longest = got
		}
		if !bytes.HasPrefix(longest, got) {
			t.Errorf("%d bytes on the connection, and not the beginning of what was sent: %.60q", len(got), got)
		}
		events = events[:len(events)/2]
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

// TestNobodyListensToDatagrams sends to a port that nobody has, which shows with a later datagram, and goes on when
// somebody does.
func TestNobodyListensToDatagrams(t *testing.T) {
	server, config := start(t, syslogtest.Config{UDP: true})
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := config
	nobody.Address = free.LocalAddr().String()
	free.Close()
	sink := newSink(t, nobody)
	events := sinktest.Events(3)
	for { // a refused datagram shows in the end
		if _, err := sink.Send(t.Context(), events); errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
	sink = newSink(t, config)
	if _, err := sink.Send(t.Context(), events); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Events.Wait(ctx, len(events)); err != nil {
		t.Errorf("%d events arrived", server.Events.Len())
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

func TestTLSRefusesStrangers(t *testing.T) {
	secured, useTLS := withTLS(t)
	_, config := start(t, secured)
	useTLS(&config)
	for name, change := range map[string]func(*syslog.Config){
		"unknown authority":     func(c *syslog.Config) { c.CAFile = "" },
		"other name":            func(c *syslog.Config) { c.ServerName = "siem.example.com" },
		"no client certificate": func(c *syslog.Config) { c.CertFile, c.KeyFile = "", "" },
	} {
		c := config
		c.Grace = time.Hour // a refused client certificate shows only after the handshake
		change(&c)
		sink := newSink(t, c)
		if _, err := sink.Send(t.Context(), sinktest.Events(1)); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: got %v, want an error about certificates", name, err)
		}
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	_, useTLS := withTLS(t)
	config := syslog.Defaults()
	config.Receiver, config.MaxMessage = "generic", 60_000
	config.Address = "127.0.0.1:1"
	useTLS(&config)
	const canary = "fake-private-key-canary"
	config.KeyFile = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(config.KeyFile, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := syslog.New(config); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("a key file that isn't one: %v", err)
	}
}

func TestTooLongForMaxMessage(t *testing.T) {
	server, config := start(t, syslogtest.Config{UDP: true})
	config.MaxMessage = 2048
	sink := newSink(t, config)
	many := sinktest.Event("many", "AuditLogs", `["small"]`, "short")
	many.Risk.Add("test", []enrich.Tag{{Rule: strings.Repeat("y", 4000), Severity: enrich.Low}})
	events := []enrich.Event{
		sinktest.Event("giant", "AuditLogs", `["small"]`, strings.Repeat("\x01", 9000)), many,
		sinktest.Event("small", "AuditLogs", `["small"]`, "x"),
	}
	receipt, err := sink.Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) || len(partial.Rejected) != 1 || partial.Rejected[0].Index != 1 || receipt.Events != 2 || !slices.Equal(receipt.Shortened, []int{0}) {
		t.Errorf("receipt %+v, error %v; want event 1 rejected and event 0 shortened", receipt, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Events.Wait(ctx, 2); err != nil {
		t.Errorf("%d events arrived, want 2", server.Events.Len())
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkSend(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		for buffer := make([]byte, 256<<10); err == nil; {
			_, err = conn.Read(buffer)
		}
		if conn != nil {
			conn.Close()
		}
	}()
	config := syslog.Defaults()
	config.Receiver, config.MaxMessage = "generic", 60_000
	config.Address, config.Network, config.Grace = listener.Addr().String(), syslog.TCP, 0
	sink, events := newSink(b, config), sinktest.Events(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sink.Send(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
	sink.Close()
}
