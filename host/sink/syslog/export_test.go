package syslog

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// Text is what a message's text shall be.
func Text(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	text, err := eventjson.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return escapeControls(text, 0)
}

// TextCEF is what a CEF message's event shall be.
func TextCEF(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	return embed(Text(t, e), 0, '=')
}

// TextLEEF is what a LEEF message's event shall be.
func TextLEEF(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	return embed(Text(t, e), 0, '^')
}

// Attend makes a sink confirm nothing before its receiver has read it, however long that takes a machine that is busy.
func (s *Sink) Attend(receiver *syslogtest.Server) { s.attend = receiver.Attend }

// Age makes the connection of a sink that sends nothing as old as d.
func (s *Sink) Age(d time.Duration) {
	s.udpOpened = time.Now().Add(-d)
	if s.conn != nil {
		s.conn.opened = s.udpOpened
	}
}
