package syslog

import (
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// TestGreatestMessage checks that it is as long as a message may be, to the byte.
func TestGreatestMessage(t *testing.T) {
	e, err := checkup.Event(time.Now(), "relay01")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receivers() {
		for _, format := range []string{RFC5424, RFC3164, CEF, LEEF} {
			encoder := fixed(func(c *Config) { c.Receiver, c.Format, c.MaxMessage, c.Network = r.name, format, 0, UDP })
			long, err := encoder.greatest(&e)
			if err != nil {
				t.Fatal(err)
			}
			out, how, err := encoder.append(nil, &long)
			if err != nil || how != whole || len(out) != r.datagram {
				t.Errorf("%s, %s: %d bytes, %v, %v; want %d", r.name, format, len(out), how, err, r.datagram)
			}
		}
	}
}

// TestReceiverTakesNoGreatest checks what the check says of a receiver that closes the connection on a message of the greatest size.
func TestReceiverTakesNoGreatest(t *testing.T) {
	server, err := syslogtest.Start(syslogtest.Config{Refuse: func(m []byte) bool { return len(m) >= 8000 }})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c := Defaults()
	c.Address, c.Network, c.Receiver = server.Addr, TCP, "generic"
	c.Grace = time.Hour // the receiver's end comes before, however busy the machine is
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, err := checkup.Event(time.Now(), "relay01")
	if err != nil {
		t.Fatal(err)
	}
	r := new(checkup.Report)
	s.checkGreatest(t.Context(), r, &e)
	says := "generic takes messages of at most 8000 bytes (any other: what most take), but the connection was closed"
	if len(r.Steps) != 1 || !r.Failed() || !strings.HasPrefix(r.Steps[0].Says, says) || !strings.Contains(r.Steps[0].Fix, "set max_message") {
		t.Errorf("%+v", r.Steps)
	}
}
