package syslog

import (
	"testing"

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
