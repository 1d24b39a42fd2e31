package syslog

import (
	"strings"
	"testing"
	"time"
)

// TestHeaderTime shows the time in headers: of an event without one it is the sender's.
func TestHeaderTime(t *testing.T) {
	now := time.Date(2027, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	for _, format := range []string{RFC3164, CEF, LEEF} {
		for _, test := range []struct{ receiver, headerTime, want string }{
			{"generic", "", ">Nov 30 15:59:23 relay01 "},
			{"generic", Time3339, ">2026-11-30T15:59:23.105000Z relay01 "},
			{"rsyslog", "", ">2026-11-30T15:59:23.105000Z relay01 "},
			{"rsyslog", Time3164, ">Nov 30 15:59:23 relay01 "},
		} {
			want := test.want
			encoder := fixed(func(c *Config) {
				c.Format, c.Network, c.Framing, c.Receiver, c.HeaderTime = format, TCP, LF, test.receiver, test.headerTime
			})
			encoder.now = func() time.Time { return now }
			e := row(t, "AuditLogs", odd)
			e.Time = time.Date(2026, 11, 30, 16, 59, 23, 105e6, time.FixedZone("CET", 3600))
			out, _, err := encoder.append(nil, &e)
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: no %q in %.100q, %v", format, want, out, err)
			}
			e.Time = time.Time{}
			sent := ">Jan  2 03:04:05 relay01 "
			if encoder.year {
				sent = ">2027-01-02T03:04:05.678901Z relay01 "
			}
			out, _, err = encoder.append(nil, &e)
			if err != nil || !strings.Contains(string(out), sent) || strings.Contains(string(out), "rt=") || strings.Contains(string(out), "devTime=") {
				t.Errorf("%s without a time: no %q in %.150q, %v", format, sent, out, err)
			}
		}
	}
}
