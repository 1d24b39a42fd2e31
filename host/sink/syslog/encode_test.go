package syslog

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fixed(change func(*Config)) *encoder {
	c := Defaults()
	c.Address, c.Hostname, c.Receiver, c.MaxMessage = "siem.example.com:6514", "relay01", "generic", 60_000
	change(&c)
	return newEncoder(c)
}

// TestMessages shows whole messages in each format and framing.
func TestMessages(t *testing.T) {
	tagged := sinktest.Event("e-1", "AuditLogs", `[{"id":1}]`, `He said "]\"`)
	tagged.Risk.Add("cel", []enrich.Tag{
		{Rule: "entra.app.credential_added", Severity: enrich.High, Score: 60, Mitre: []string{"T1098.001"}, Message: "Credential added"},
		{Rule: "entra.app.owner_changed", Severity: enrich.Medium, Score: 30},
	})
	tagged.ID, tagged.Risk.Follows = `e"1]\`, `e"0]`
	plain := sinktest.Event("e-2", "SigninLogs", `{}`, "line\nbreak\u2028")
	for name, change := range map[string]func(*Config){
		"rfc5424-octet": func(*Config) {},
		"rfc5424-lf":    func(c *Config) { c.Network, c.Framing, c.Facility = TCP, LF, "audit" },
		"rfc5424-udp":   func(c *Config) { c.Network = UDP },
		"rfc3164-lf":    func(c *Config) { c.Network, c.Framing, c.Format = TCP, LF, RFC3164 },
		"cef-lf":        func(c *Config) { c.Network, c.Framing, c.Format = TCP, LF, CEF },
		"leef-lf":       func(c *Config) { c.Network, c.Framing, c.Format = TCP, LF, LEEF },
	} {
		var got []byte
		for _, e := range []enrich.Event{tagged, plain} {
			var how fit
			var err error
			if got, how, err = fixed(change).append(got, &e); err != nil || how == tooLong {
				t.Fatal(name, how, err)
			}
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s (see -update):\n%s", name, golden, got)
		}
	}
}

func TestSeverityFollowsLevel(t *testing.T) {
	want := map[enrich.Severity]string{0: "<134>", enrich.Info: "<134>", enrich.Low: "<133>", enrich.Medium: "<132>", enrich.High: "<131>", enrich.Critical: "<130>"}
	for level, priority := range want {
		e := sinktest.Event("x", "AuditLogs", `{}`, "")
		e.Risk.Level = level
		got, _, err := fixed(func(c *Config) { c.Network = UDP }).append(nil, &e)
		if err != nil || !strings.HasPrefix(string(got), priority+"1 ") {
			t.Errorf("%v: %.20s, %v; want %s", level, got, err, priority)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Defaults()
	good.Address, good.Receiver = "siem.example.com:6514", "rsyslog"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"address: \"siem\"":              func(c *Config) { c.Address = "siem" },
		"receiver: not given: name":      func(c *Config) { c.Receiver = "" },
		"\"splunk\" is not known":        func(c *Config) { c.Receiver = "splunk" },
		"header_time: \"iso\" is not":    func(c *Config) { c.HeaderTime = "iso" },
		"header_time: RFC 5424 has":      func(c *Config) { c.HeaderTime = Time3164 },
		"network: \"relp\" is not one":   func(c *Config) { c.Network = "relp" },
		"format: \"gelf\" is not one":    func(c *Config) { c.Format = "gelf" },
		"leef_delimiter: \"|\" is":       func(c *Config) { c.LEEFDelimiter = "|" },
		"QRadar takes no IPv6 address":   func(c *Config) { c.Format, c.Hostname = LEEF, "2001:db8::1" },
		"framing: TLS wants octet":       func(c *Config) { c.Framing = LF },
		"facility: \"local9\" is not":    func(c *Config) { c.Facility = "local9" },
		"app_name: \"\" must be":         func(c *Config) { c.AppName = "" },
		"app_name: \"a b\" must be":      func(c *Config) { c.AppName = "a b" },
		"hostname: \"h\\n\" must be":     func(c *Config) { c.Hostname = "h\n" },
		"enterprise_id: \"1]\" is not":   func(c *Config) { c.EnterpriseID = "1]" },
		"max_message: 10 is not between": func(c *Config) { c.MaxMessage = 10 },
		"max_message: UDP carries":       func(c *Config) { c.Network, c.MaxMessage = UDP, 70000 },
		"cert_file and key_file: give":   func(c *Config) { c.CertFile = "x" },
		"only with network: tls":         func(c *Config) { c.Network, c.CAFile = TCP, "x" },
		"grace: -1ns is not between":     func(c *Config) { c.Grace = -1 },
		"timeout: must be positive":      func(c *Config) { c.Timeout = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// FuzzMessage checks that whatever the event holds, a strict reader finds one message that says the same, and a
// frame that nothing in it can break.
func FuzzMessage(f *testing.F) {
	for _, e := range sinktest.Hostile() {
		f.Add(e.ID, e.Table, e.Text("Message"))
	}
	f.Add(`"]\`, "a b", "\xff\u0085")
	lines := fixed(func(c *Config) { c.Network, c.Framing = TCP, LF })
	parser := rfc5424.NewParser()
	f.Fuzz(func(t *testing.T, id, table, text string) {
		e := sinktest.Event(id, table, text, text)
		e.Risk.Add("m", []enrich.Tag{{Rule: id, Severity: enrich.Low, Message: text}})
		line, how, err := lines.append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		if how == tooLong {
			return // too long, and said so
		}
		message := string(line[:len(line)-1])
		if strings.ContainsFunc(message, isControl) {
			t.Fatalf("control character in %q", message)
		}
		parsed, err := parser.Parse([]byte(message))
		if err != nil {
			t.Fatalf("%v in %q", err, message)
		}
		m := parsed.(*rfc5424.SyslogMessage)
		if got, want := (*m.StructuredData)["riskrelay@32473"]["event_id"], visible(id); got != want {
			t.Fatalf("event_id %q, want %q", got, want)
		}
		var got struct {
			Message string
			EventID string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(*m.Message), &got); err != nil {
			t.Fatalf("%v in %q", err, *m.Message)
		}
		if want := string([]rune(id)); got.EventID != want {
			t.Fatalf("event_id %q, want %q", got.EventID, want)
		}
		if want := string([]rune(text)); len(line) < lines.limit && len(text) < 512 && got.Message != want {
			t.Fatalf("message %q, want %q", got.Message, want)
		}
	})
}

// visible is what becomes of a parameter's value.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func BenchmarkEncode(b *testing.B) {
	encoder, events := fixed(func(*Config) {}), sinktest.Events(512)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = dst[:0]
		for i := range events {
			dst, _, _ = encoder.append(dst, &events[i])
		}
	}
	b.SetBytes(int64(len(dst)))
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
