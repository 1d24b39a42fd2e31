package syslog

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
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

// TextLEEF is what a LEEF message's event shall be.
func TextLEEF(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	return escapeDelimiter(Text(t, e), 0, '^')
}

// Age makes the connection of a sink that sends nothing as old as d.
func (s *Sink) Age(d time.Duration) {
	s.udpOpened = time.Now().Add(-d)
	if s.conn != nil {
		s.conn.opened = s.udpOpened
	}
}
