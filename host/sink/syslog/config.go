package syslog

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// The transports.
const (
	TLS = "tls" // RFC 5425
	TCP = "tcp" // RFC 6587
	UDP = "udp" // RFC 5426
)

// The formats of a message.
const (
	RFC5424 = "rfc5424"
	RFC3164 = "rfc3164"
	CEF     = "cef"  // ArcSight's Common Event Format, version 0
	LEEF    = "leef" // QRadar's Log Event Extended Format, version 2.0
)

// The ways to tell messages in a stream apart (RFC 6587, 3.4).
const (
	Octet = "octet" // each behind its length
	LF    = "lf"    // each before a line feed
)

// Config is a syslog sink as the configuration file describes it. Start from Defaults.
type Config struct {
	// Address is the receiver's host and port.
	Address string `yaml:"address"`
	// Network is TLS, TCP or UDP.
	Network string `yaml:"network"`
	// Format is RFC5424, RFC3164, CEF or LEEF.
	Format string `yaml:"format"`
	// Receiver is what reads the messages: rsyslog, syslog-ng, otel, qradar, arcsight, sc4s, victorialogs or generic. It decides how
	// long a message may be and how headers tell the time, and must be given.
	Receiver string `yaml:"receiver"`
	// HeaderTime is Time3164 or Time3339, how the headers of RFC3164, CEF and LEEF tell the time; empty is what suits Receiver.
	HeaderTime string `yaml:"header_time"`
	// Facility is the facility's name, such as local0 or audit.
	Facility string `yaml:"facility"`
	// AppName is the application's name in each message, the tag in RFC3164.
	AppName string `yaml:"app_name"`
	// Hostname is the host in each message; empty is this machine's name.
	Hostname string `yaml:"hostname"`
	// LEEFDelimiter stands between the attributes of a LEEF message: a character of ^~#!$%&*;@` or Tab.
	LEEFDelimiter string `yaml:"leef_delimiter"`
	// Framing is Octet or, for TCP only, LF.
	Framing string `yaml:"framing"`
	// EnterpriseID is the private enterprise number behind the name of the structured data.
	EnterpriseID string `yaml:"enterprise_id"`
	// MaxMessage is how many bytes a message may have, without its frame; longer events are shortened with a mark. 0 is what
	// Receiver takes as it is installed. Its limit must not be lower: it would cut messages silently, or make events of their ends.
	MaxMessage int `yaml:"max_message"`
	// CAFile holds the authorities that may sign the receiver's certificate; empty trusts the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are the certificate to show to the receiver, if it asks.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name in the receiver's certificate; empty is the host in Address.
	ServerName string `yaml:"server_name"`
	// Grace is how long a connection must live on after the receiver's system acknowledged the events before they
	// count as received.
	Grace time.Duration `yaml:"grace"`
	// Timeout is how long the receiver may take nothing before the connection is given up.
	Timeout time.Duration `yaml:"timeout"`

	// Secrets reads and remembers what is in the files; nil only reads it.
	Secrets *secret.Keeper `yaml:"-"`
}

// Defaults is the configuration that Address completes.
func Defaults() Config {
	return Config{
		Network: TLS, Format: RFC5424, Facility: "local0", AppName: "riskrelay", Framing: Octet, LEEFDelimiter: "^",
		EnterpriseID: "32473", // the number for examples (RFC 5612): a receiver's own can be set
		Grace:        500 * time.Millisecond,
		Timeout:      30 * time.Second,
	}
}

// facilities are the names of the facilities in the order of their numbers (RFC 5424, table 1; syslog.conf(5)).
func facilities() []string {
	return []string{
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
		"alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	}
}

const (
	minMessage    = 1024      // below it there is no room for an event
	maxMessage    = 16 << 20  // above it is no receiver
	maxDatagram   = 65507     // what UDP over IPv4 can carry
	maxAppName    = 48        // RFC 5424, 6
	maxTag        = 32        // RFC 3164, 4.1.3
	maxHostname   = 255       // RFC 5424, 6
	maxMessageID  = 32        // RFC 5424, 6
	maxGrace      = time.Hour // a grace above it is a mistake
	maxEnterprise = 10        // digits
)

// Validate returns one error for each key that is wrong, joined, or nil. It reads no file.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	oneOf := func(key, value string, words ...string) {
		if !slices.Contains(words, value) {
			wrong("%s: %q is not one of %s", key, value, strings.Join(words, ", "))
		}
	}
	if host, port, err := net.SplitHostPort(c.Address); err != nil || host == "" || !endpoint.ValidPort(port) {
		wrong("address: %q is not host:port, such as siem.example.com:6514", c.Address)
	}
	if err := c.checkReceiver(); err != nil {
		errs = append(errs, err)
	}
	oneOf("network", c.Network, TLS, TCP, UDP)
	oneOf("format", c.Format, RFC5424, RFC3164, CEF, LEEF)
	oneOf("framing", c.Framing, Octet, LF)
	if c.HeaderTime != "" {
		oneOf("header_time", c.HeaderTime, Time3164, Time3339)
	}
	if c.HeaderTime == Time3164 && c.Format == RFC5424 {
		wrong("header_time: RFC 5424 has times of RFC 3339 only")
	}
	oneOf("facility", c.Facility, facilities()...)
	if c.Framing == LF && c.Network == TLS {
		wrong("framing: TLS wants octet (RFC 5425)")
	}
	limit := maxAppName
	if c.Format == RFC3164 {
		limit = maxTag
	}
	if c.AppName == "" || plain(c.AppName, limit) != c.AppName {
		wrong("app_name: %q must be 1 to %d printable ASCII characters without spaces", c.AppName, limit)
	}
	if plain(c.Hostname, maxHostname) != c.Hostname {
		wrong("hostname: %q must be at most %d printable ASCII characters without spaces", c.Hostname, maxHostname)
	}
	if c.LEEFDelimiter != Tab && (len(c.LEEFDelimiter) != 1 || !strings.Contains(delimiters, c.LEEFDelimiter)) {
		wrong("leef_delimiter: %q is neither tab nor one character of %s", c.LEEFDelimiter, delimiters)
	}
	if c.Format == LEEF && strings.Contains(c.Hostname, ":") {
		wrong("hostname: %q: QRadar takes no IPv6 address here", c.Hostname)
	}
	if _, err := strconv.ParseUint(c.EnterpriseID, 10, 32); err != nil || len(c.EnterpriseID) > maxEnterprise {
		wrong("enterprise_id: %q is not a number (https://www.iana.org/assignments/enterprise-numbers)", c.EnterpriseID)
	}
	if c.MaxMessage != 0 && (c.MaxMessage < minMessage || c.MaxMessage > maxMessage) {
		wrong("max_message: %d is not between %d and %d", c.MaxMessage, minMessage, maxMessage)
	}
	if c.Network == UDP && c.MaxMessage > maxDatagram {
		wrong("max_message: UDP carries at most %d bytes", maxDatagram)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		wrong("cert_file and key_file: give both or neither")
	}
	if c.Network != TLS && (c.CAFile != "" || c.CertFile != "") {
		wrong("ca_file and cert_file: only with network: tls")
	}
	if c.Grace < 0 || c.Grace > maxGrace {
		wrong("grace: %v is not between 0 and %v", c.Grace, maxGrace)
	}
	if c.Timeout <= 0 {
		wrong("timeout: must be positive")
	}
	return errors.Join(errs...)
}

func (c Config) delimiter() byte {
	if c.LEEFDelimiter == Tab {
		return '\t'
	}
	return c.LEEFDelimiter[0]
}

func (c Config) hostname() string {
	if c.Hostname != "" {
		return c.Hostname
	}
	name, _ := os.Hostname() // unknown is the nil value
	if name = plain(name, maxHostname); name == "" {
		return "-"
	}
	return name
}

func (c Config) tls() endpoint.TLS {
	return endpoint.TLS{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile, ServerName: c.ServerName, Secrets: c.Secrets}
}

// plain is text with everything but printable ASCII left out, at most n bytes of it.
func plain(text string, n int) string {
	var out []byte
	for _, c := range []byte(text) {
		if c > ' ' && c < 0x7f && len(out) < n {
			out = append(out, c)
		}
	}
	return string(out)
}
