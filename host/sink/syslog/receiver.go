package syslog

import (
	"fmt"
	"slices"
	"strings"
)

// The ways to write the time in the headers of RFC 3164, CEF and LEEF.
const (
	Time3164 = "rfc3164" // Nov 30 15:59:23, which is UTC; it has no year
	Time3339 = "rfc3339" // 2026-11-30T15:59:23.105000Z
)

// receiver is what is known of a program that reads syslog. Greater messages than it takes whole make false events in one, lose
// their end in another, and smaller ones are shortened without need: so each sink names its receiver.
type receiver struct {
	name string
	// stream and datagram are the bytes of the greatest message that it takes whole as it is installed, over TCP or TLS and over UDP.
	stream, datagram int
	time             string // in headers: the best that it reads
	says             string // where the limit is from, and what happens above it

	// undoesAll: in a value of CEF it takes the backslash away before any character, not only before those that CEF escapes, or it
	// reads nothing of a message with such a backslash, as liblognorm does, with which rsyslog normalizes CEF.
	undoesAll bool
}

// fragments is the greatest datagram that is sent unless asked for: it crosses a network in a few fragments, and all must arrive.
const fragments = 8192

// receivers are those that are known. Their limits were tried with rsyslog 8.2302, syslog-ng 3.38, go-syslog 4.6 (in the OpenTelemetry
// Collector 0.160) and read in VictoriaLogs 1.52; the others are documented.
func receivers() []receiver {
	return []receiver{
		{name: "rsyslog", stream: 8096, datagram: 8096, time: Time3339, says: "its maxMessageSize; the rest becomes an event of its own", undoesAll: true},
		{name: "syslog-ng", stream: 64 << 10, datagram: fragments, time: Time3339, says: "its log-msg-size; it closes the connection above it"},
		{name: "otel", stream: 8192, datagram: 8192, time: Time3164, says: "the OpenTelemetry Collector's syslog receiver; longer ones arrive without fields"},
		{name: "qradar", stream: 4096, datagram: 1024, time: Time3164, says: "its greatest TCP and UDP syslog payload; it cuts"},
		{name: "arcsight", stream: 4096, datagram: 2048, time: Time3164, says: "custom strings hold 4000 characters; it cuts"},
		{name: "sc4s", stream: 10_000, datagram: fragments, time: Time3339, says: "Splunk Connect for Syslog: TRUNCATE of the Splunk behind it, which cuts"},
		{name: "victorialogs", stream: 256 << 10, datagram: fragments, time: Time3339, says: "its insert.maxLineSizeBytes; it skips longer ones", undoesAll: true},
		{name: "generic", stream: 8000, datagram: 2048, time: Time3164, says: "any other: what most take"},
	}
}

// receiver is the one that the configuration names, the zero value when there is none.
func (c Config) receiver() receiver {
	all := receivers()
	if at := slices.IndexFunc(all, func(r receiver) bool { return r.name == c.Receiver }); at >= 0 {
		return all[at]
	}
	return receiver{}
}

// checkReceiver says which receivers there are, and what each means, when the configuration names none of them.
func (c Config) checkReceiver() error {
	if c.receiver().name != "" {
		return nil
	}
	given := fmt.Sprintf("%q is not known", c.Receiver)
	if c.Receiver == "" {
		given = "not given"
	}
	var list []string
	for _, r := range receivers() {
		list = append(list, fmt.Sprintf("%s (at most %d bytes, %d over UDP: %s; header_time %s)", r.name, r.stream, r.datagram, r.says, r.time))
	}
	return fmt.Errorf("receiver: %s: name what reads the messages, since it decides how long one may be and how headers tell the time "+
		"(max_message and header_time overrule it): %s", given, strings.Join(list, ", "))
}

// maxMessage is how many bytes a message may have.
func (c Config) maxMessage() int {
	switch r := c.receiver(); {
	case c.MaxMessage != 0:
		return c.MaxMessage
	case c.Network == UDP:
		return r.datagram
	default:
		return r.stream
	}
}

// headerTime is how headers of RFC 3164, CEF and LEEF tell the time.
func (c Config) headerTime() string {
	if c.HeaderTime != "" {
		return c.HeaderTime
	}
	return c.receiver().time
}

// yearless reports whether the headers don't tell the year, so that the receiver takes it from its clock.
func (c Config) yearless() bool { return c.Format != RFC5424 && c.headerTime() == Time3164 }
