//go:build linux

package judge

import (
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/e2e/peer"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// exception is a place where a reader sees something else than was meant, which no sender can help.
type exception struct {
	reader, format string
	fields         []string
	rows           []string // nil is all
	// sees is what the reader makes of what was meant, to the letter; nil where that has no simple rule.
	sees   func(want string) string
	reason string
}

// exceptions are all that there are about the rows. Each must be needed in every row that it names.
func exceptions(rows []row) []exception {
	var timeless []string
	for i := range rows {
		if rows[i].event.Time.IsZero() {
			timeless = append(timeless, rows[i].name)
		}
	}
	backslashed := []string{"backslashes", "backslash at the end", "looks like an escape"}
	escaped := append([]string{"line feed", "carriage return", "CR and LF"}, backslashed...)
	equals := []string{"equals", "looks like an attribute"}
	cefTexts := []string{"ext.act", "ext.reason", "ext.suser", "ext.fname", "ext.msg", "ext.cs3"}
	leefTexts := []string{"ext.operation", "ext.reason", "ext.usrName", "ext.fname", "ext.msg", "ext.riskObjects"}
	return []exception{
		{
			"VictoriaLogs", peer.HEC,
			[]string{"event.Category", "event.InitiatedBy", "event.Message", "event.ResultReason", "event.TimeGenerated"},
			[]string{"empty values", "no time"},
			gone, "has no fields without a value",
		},
		{
			"VictoriaLogs", peer.JSONLines,
			[]string{"event.Category", "event.InitiatedBy", "event.Message", "event.ResultReason", "event.TimeGenerated"},
			[]string{"empty values", "no time"},
			gone, "has no fields without a value",
		},
		{"VictoriaLogs", peer.HEC, []string{"time"}, timeless, nil, "takes its own clock for an event without a time"},
		{"VictoriaLogs", syslog.RFC5424, []string{"time"}, timeless, nil, "takes its own clock for a message without a time"},
		{"rsyslog mmpstrucdata", syslog.RFC5424, []string{"time"}, timeless, nil, "takes its own clock for a message without a time"},
		{"syslog-ng", syslog.RFC5424, []string{"time"}, timeless, nil, "takes its own clock for a message without a time"},
		{"glossy (npm)", syslog.RFC5424, []string{"time"}, nil, milliseconds, "keeps milliseconds"},
		{"glossy (npm)", syslog.RFC5424, []string{"message"}, []string{"brackets"}, nil, "takes all up to the last bracket before a blank for structured data"},
		{nsyslog, syslog.RFC5424, []string{"time"}, nil, milliseconds, "keeps milliseconds"},
		{nsyslog, syslog.RFC5424, []string{"time"}, timeless, nil, "takes its own clock for a message without a time"},
		{"glossy (npm)", syslog.RFC3164, []string{"app"}, nil, gone, "has no field for the tag"},
		{"glossy (npm)", syslog.RFC3164, []string{"message"}, nil, func(want string) string { return "riskrelay: " + want }, "keeps the tag in the message"},
		{"glossy (npm)", syslog.RFC3164, []string{"message"}, []string{"a very long cell"}, nil, "keeps the tag in the message (which is shortened, too)"},
		{
			"liblognorm (rsyslog mmnormalize)", syslog.CEF,
			[]string{"ext.deviceFacility"},
			nil, gone,
			"takes the first letter off the first key behind the header: therefore it is one that nobody misses",
		},
		{"liblognorm (rsyslog mmnormalize)", syslog.CEF, []string{"ext.eviceFacility"}, nil, nil, "calls it eviceFacility then"},
		{syslogNG, syslog.CEF, cefTexts, append(equals, escaped...), escapedCEF, "undoes no escapes"},
		{syslogNG, syslog.CEF, []string{"ext.duser"}, []string{"done to a user"}, escapedCEF, "undoes no escapes"},
		{syslogNG, syslog.CEF, []string{"name"}, backslashed, escapedCEF, "undoes no escapes"},
		{syslogNG, syslog.CEF, []string{"name", "level"}, []string{"pipe"}, nil, "takes an escaped pipe for the end of a field of the header"},
		{syslogNG, syslog.CEF, cefTexts, []string{"blanks around"}, strings.TrimSpace, "leaves blanks around a value out"},
		{syslogNG, syslog.LEEF, leefTexts, []string{"blanks around"}, strings.TrimSpace, "leaves blanks around a value out"},
		{syslogNG, syslog.LEEF, append([]string{"ext.a", "ext.c", "ext.act"}, leefTexts...), equals, nil, "takes a word before = for a key wherever it stands"},
		{nsyslog, syslog.CEF, []string{"name"}, backslashed, escapedCEF, "undoes no escapes"},
		{nsyslog, syslog.CEF, []string{"name"}, []string{"pipe"}, func(want string) string { return strings.ReplaceAll(want, "|", `\|`) }, "undoes no escapes"},
		{nsyslog, syslog.CEF, cefTexts, escaped, escapedCEF, "undoes no escapes"},
		{nsyslog, syslog.CEF, append([]string{`ext.a\`, `ext.\`, `ext.act\`}, cefTexts...), equals, nil, "takes an escaped = for the end of a key"},
		{nsyslog, syslog.CEF, []string{"ext.duser"}, []string{"done to a user"}, nil, "takes an escaped = for the end of a key"},
		{nsyslog, syslog.LEEF, leefTexts, equals, beforeEqual, "leaves a value out from the first = on"},
		{nsyslog, syslog.LEEF, []string{"ext.duser"}, []string{"done to a user"}, beforeEqual, "leaves a value out from the first = on"},
	}
}

const (
	syslogNG = "syslog-ng csv-parser and kv-parser"
	nsyslog  = "nsyslog-parser (npm)"
)

func beforeEqual(want string) string {
	before, _, _ := strings.Cut(want, "=")
	return before
}

func gone(string) string { return absent }

// milliseconds cuts a time.
func milliseconds(want string) string {
	at, err := time.Parse(time.RFC3339, want)
	if err != nil {
		return want
	}
	return at.Truncate(time.Millisecond).Format(time.RFC3339Nano)
}

// escapedCEF is the value as it stands in the message.
func escapedCEF(want string) string {
	return strings.NewReplacer(`\`, `\\`, "=", `\=`, "\n", `\n`, "\r", `\r`).Replace(want)
}

// excuses reports whether the exception is about the difference.
func (e *exception) excuses(kind *peer.Kind, d *difference) bool {
	return e.reader == kind.Name && e.format == kind.Format && slices.Contains(e.fields, d.field) &&
		(e.rows == nil || slices.Contains(e.rows, d.row)) && (e.sees == nil || d.got == e.sees(d.want))
}
