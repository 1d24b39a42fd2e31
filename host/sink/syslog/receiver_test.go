package syslog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// crowded are events that are too long for most receivers, each for a reason of its own.
func crowded(t *testing.T) map[string]enrich.Event {
	t.Helper()
	columns := `{"OperationName":"Update application","InitiatedBy":{"user":{"userPrincipalName":"ada@contoso.example"}}`
	for i := range 300 {
		columns += fmt.Sprintf(`,"Column%04d":"value %d of \"many\" a=b|c"`, i, i)
	}
	all := map[string]enrich.Event{
		"a long cell":        row(t, "AuditLogs", `{"OperationName":"x","Message":"`+strings.Repeat(`\"=|`, 6_000)+`"}`),
		"a long object":      row(t, "AuditLogs", `{"OperationName":"x","Details":{"a":"`+strings.Repeat(`b\"c`, 6_000)+`"}}`),
		"many columns":       row(t, "AuditLogs", columns+"}"),
		"many rules":         row(t, "AuditLogs", `{"OperationName":"x"}`),
		"many of everything": row(t, "AuditLogs", columns+"}"),
	}
	for _, name := range []string{"many rules", "many of everything"} {
		e := all[name]
		var tags []enrich.Tag
		for i := range 300 {
			tag := enrich.Tag{
				Rule: fmt.Sprintf("pack.rule_%04d", i), Severity: enrich.Severity(i%4) + 1, Score: i % 7, Reasons: []string{"because"},
				Message: strings.Repeat("m=", i%50), Objects: []enrich.Object{{Type: "user", Value: fmt.Sprint("u", i)}},
			}
			if i == 277 {
				tag.Severity = enrich.Critical
			}
			tags = append(tags, tag)
		}
		e.Risk.Add("m", tags)
		all[name] = e
	}
	return all
}

// TestNeverLongerThanTheReceiverTakes measures what is sent to each receiver in each format: a message above its limit would make an
// event of its own of the rest, or lose it.
func TestNeverLongerThanTheReceiverTakes(t *testing.T) {
	all := crowded(t)
	for _, r := range receivers() {
		for network, limit := range map[string]int{TCP: r.stream, UDP: r.datagram} {
			for _, format := range []string{RFC5424, RFC3164, CEF, LEEF} {
				encoder := fixed(func(c *Config) {
					c.Receiver, c.Network, c.Format, c.MaxMessage, c.Framing = r.name, network, format, 0, LF
				})
				for name, e := range all {
					out, how, err := encoder.append(nil, &e)
					if err != nil || how == tooLong {
						t.Errorf("%s over %s, %s, %s: %v, %v", r.name, network, format, name, how, err)
						continue
					}
					message := strings.TrimSuffix(string(out), "\n")
					if len(message) > limit || how == shortened && len(message) < limit/4 {
						t.Errorf("%s over %s, %s, %s: %d bytes of at most %d", r.name, network, format, name, len(message), limit)
					}
					if how == shortened {
						checkShortened(t, encoder, name, message)
					}
				}
			}
		}
	}
}

// checkShortened checks that a shortened message is whole, says that it is shortened, and keeps what matters.
func checkShortened(t *testing.T, c *encoder, name, message string) {
	t.Helper()
	var event struct {
		EventID string `json:"event_id"`
		Omitted int    `json:"columns_omitted"`
		Risk    enrich.Risk
	}
	text := textOf(t, c, message)
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatalf("%s: %v in %.300q", name, err, text)
	}
	if !strings.Contains(message, "shortened") && event.Omitted == 0 && event.Risk.Omitted == 0 {
		t.Errorf("%s: nothing says that it was shortened: %.300q", name, message)
	}
	if event.EventID != "e-1" || !strings.Contains(message, "OperationName") {
		t.Errorf("%s: lost what matters: %.300q", name, message)
	}
	if strings.HasPrefix(name, "many") && event.Risk.Tagged() && (event.Risk.Level != enrich.Critical || event.Risk.Rules[0].Severity == 0 || !strings.Contains(text, "pack.rule_0277")) {
		t.Errorf("%s: lost the worst rule: %.300q", name, text)
	}
}

// textOf is the event's JSON in a message.
func textOf(t *testing.T, c *encoder, message string) string {
	t.Helper()
	switch c.format {
	case CEF, LEEF:
		parse, key := syslogtest.ParseCEF, cefEvent
		if c.format == LEEF {
			parse, key = syslogtest.ParseLEEF, leefEvent
		}
		if c.undoesAll {
			message = strings.ReplaceAll(message, `\\u`, `\u`)
		}
		r, err := parse([]byte(message))
		if err != nil {
			t.Fatalf("%v in %.300q", err, message)
		}
		return r.Fields[key]
	case RFC3164:
		_, text, _ := strings.Cut(message, "riskrelay: ")
		return text
	}
	parsed, err := rfc5424.NewParser().Parse([]byte(message))
	if err != nil {
		t.Fatalf("%v in %.300q", err, message)
	}
	return *parsed.(*rfc5424.SyslogMessage).Message
}

// TestReceiverMustBeNamed checks that the error lists all receivers with what each means.
func TestReceiverMustBeNamed(t *testing.T) {
	c := Defaults()
	c.Address = "siem.example.com:6514"
	err := c.Validate()
	if err == nil {
		t.Fatal("valid without a receiver")
	}
	for _, r := range receivers() {
		if want := fmt.Sprintf("%s (at most %d bytes, %d over UDP: %s", r.name, r.stream, r.datagram, r.says); !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
		c.Receiver = r.name
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
	if c.MaxMessage = 2000; c.maxMessage() != 2000 {
		t.Errorf("max_message doesn't overrule the receiver: %d", c.maxMessage())
	}
}

// TestBackslashesInPairs checks that CEF's JSON survives readers that take the backslash away before any character, as VictoriaLogs
// does, or take one that begins none of CEF's escapes for a mistake, as liblognorm does behind rsyslog.
func TestBackslashesInPairs(t *testing.T) {
	for _, receiver := range []string{"victorialogs", "rsyslog"} {
		e := row(t, "AuditLogs", odd)
		out, _, err := fixed(func(c *Config) { c.Receiver, c.Format = receiver, CEF }).append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(out), " cs6=")
		text = strings.TrimSuffix(text, " cs6Label=Event")
		var undone strings.Builder
		for i := 0; i < len(text); i++ {
			if text[i] == '\\' {
				if i++; text[i] != '\\' {
					t.Errorf("%s: a backslash that escapes nothing at %.20s", receiver, text[i-1:])
				}
			}
			undone.WriteByte(text[i])
		}
		var got struct{ ResultReason string }
		if err := json.Unmarshal([]byte(undone.String()), &got); err != nil || got.ResultReason != e.Text("ResultReason") {
			t.Errorf("%s: ResultReason is %q, %v", receiver, got.ResultReason, err)
		}
	}
}
