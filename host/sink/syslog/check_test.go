package syslog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// TestCheck breaks one thing at a time and holds that the check names just that, and what to do.
func TestCheck(t *testing.T) {
	secured, useTLS := withTLS(t)
	cut := func(int) bool { return true }
	patient := func(c *syslog.Config) { c.Grace = time.Hour } // the receiver's end comes before, however busy the machine is
	tests := map[string]struct {
		server syslogtest.Config
		change func(*syslog.Config)
		quiet  bool // sends no event
		failed bool
		want   []string
	}{
		"tcp":                     {want: []string{"ok tcp: connected", "ok send: test event check-", "the connection held for 20ms", "ok size: generic takes messages of at most 8000 bytes (any other", "-greatest of that size was written"}},
		"max_message":             {change: func(c *syslog.Config) { c.MaxMessage = 3000 }, want: []string{"ok size: max_message is 3000 bytes"}},
		"tls":                     {server: secured, change: useTLS, want: []string{"warning tls: TLS 1.3 with 127.0.0.1, certificate for 127.0.0.1 by riskrelay test CA until", "ok send"}},
		"udp":                     {server: syslogtest.Config{UDP: true}, want: []string{"warning send: test event check-", "nobody knows whether it arrived", "warning size: generic takes messages of at most 2048 bytes"}},
		"nothing is sent":         {quiet: true, want: []string{"warning send: no test event was sent"}},
		"nobody listens":          {change: func(c *syslog.Config) { c.Address = "127.0.0.1:1" }, failed: true, want: []string{"problem tcp", "Is the syslog server's input for tcp on?"}},
		"nobody listens over udp": {change: func(c *syslog.Config) { c.Address, c.Network = "127.0.0.1:1", syslog.UDP }, failed: true, want: []string{"problem send: ", "input for udp on?"}},
		"unknown host":            {change: func(c *syslog.Config) { c.Address = "siem.invalid:6514" }, failed: true, want: []string{"problem dns: look up siem.invalid"}},
		"unknown host udp":        {change: func(c *syslog.Config) { c.Address, c.Network = "siem.invalid:514", syslog.UDP }, failed: true, want: []string{"problem dns: look up siem.invalid"}},
		"it hangs up":             {server: syslogtest.Config{Cut: cut}, change: patient, failed: true, want: []string{"problem send: the receiver closed the connection", "doesn't allow this machine"}},
		"it wants TLS": {
			server: secured, change: patient, failed: true,
			want: []string{"problem send: the receiver closed the connection", "it wants TLS (network: tls)"},
		},
		"it has no TLS": {
			change: func(c *syslog.Config) { c.Network, c.Timeout = syslog.TLS, time.Second }, failed: true,
			want: []string{"problem tls: "},
		},
		"unknown authority": {
			server: secured, change: func(c *syslog.Config) { useTLS(c); c.CAFile = "" }, failed: true,
			want: []string{"problem tls: the certificate is signed by an authority that isn't trusted: riskrelay test CA", "in ca_file"},
		},
		"other name": {
			server: secured, change: func(c *syslog.Config) { useTLS(c); c.ServerName = "siem.example.com" }, failed: true,
			want: []string{"problem tls: the certificate is for 127.0.0.1, not for siem.example.com"},
		},
		"no client certificate": {
			server: secured, change: func(c *syslog.Config) {
				useTLS(c)
				c.CertFile, c.KeyFile, c.Grace = "", "", time.Hour // it shows only after the handshake
			}, failed: true,
			want: []string{"problem send: the receiver ended TLS", "certificate required", "name it in cert_file"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, err := syslogtest.Start(test.server) // what is malformed is part of some tests
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			c := syslog.Defaults()
			c.Receiver = "generic"
			c.Address, c.Network, c.Grace = server.Addr, syslog.TCP, 20*time.Millisecond
			if test.server.UDP {
				c.Network = syslog.UDP
			}
			if test.change != nil {
				test.change(&c)
			}
			event, err := checkup.Event(time.Now(), "relay01")
			if err != nil {
				t.Fatal(err)
			}
			report := syslog.Check(t.Context(), c, &event)
			if test.quiet {
				report = syslog.Check(t.Context(), c, nil)
			}
			var text strings.Builder
			for _, s := range report.Steps {
				fmt.Fprintf(&text, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
			}
			for _, want := range test.want {
				if !strings.Contains(text.String(), want) {
					t.Errorf("no %q", want)
				}
			}
			if report.Failed() != test.failed || t.Failed() {
				t.Errorf("failed: %v\n%s", report.Failed(), text.String())
			}
		})
	}
}
