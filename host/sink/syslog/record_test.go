package syslog

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// recordFormats are the formats that have fields, their strict readers and where the whole event stands.
func recordFormats() map[string]struct {
	encoder *encoder
	parse   func([]byte) (syslogtest.Record, error)
	event   string
	key     func(field) string
} {
	type format = struct {
		encoder *encoder
		parse   func([]byte) (syslogtest.Record, error)
		event   string
		key     func(field) string
	}
	of := func(name, delimiter string) *encoder {
		return fixed(func(c *Config) { c.Network, c.Framing, c.Format, c.LEEFDelimiter = TCP, LF, name, delimiter })
	}
	leef := func(f field) string { return f.leef }
	return map[string]format{
		CEF:          {of(CEF, "^"), syslogtest.ParseCEF, cefEvent, func(f field) string { return f.cef }},
		LEEF:         {of(LEEF, "^"), syslogtest.ParseLEEF, leefEvent, leef},
		LEEF + " ;":  {of(LEEF, ";"), syslogtest.ParseLEEF, leefEvent, leef},
		LEEF + " x9": {of(LEEF, Tab), syslogtest.ParseLEEF, leefEvent, leef},
	}
}

// row is an event of table with the given columns as JSON.
func row(t *testing.T, table, object string) enrich.Event {
	t.Helper()
	_, _, r, err := enrich.NewObjectParser(nil).Parse([]byte(object))
	if err != nil {
		t.Fatal(err)
	}
	return enrich.Event{ID: "e-1", Table: table, Row: r}
}

// TestFields shows what is taken out of the rows of each table.
func TestFields(t *testing.T) {
	for name, c := range map[string]struct {
		table, row string
		want       map[string]string // of CEF, without externalId, cat and the labels
	}{
		"audit": {
			"AuditLogs", `{"OperationName":"Add owner","Result":"success","CorrelationId":"c","InitiatedBy":"{\"user\":{\"id\":\"u1\",\"userPrincipalName\":\"a@b\",\"ipAddress\":\"203.0.113.7\"}}"}`,
			map[string]string{"act": "Add owner", "outcome": "success", "cs5": "c", "suser": "a@b", "suid": "u1", "src": "203.0.113.7"},
		},
		"audit by app": {
			"AuditLogs", `{"OperationName":"Add owner","InitiatedBy":{"app":{"displayName":"Bot","servicePrincipalId":"s1"}}}`,
			map[string]string{"act": "Add owner", "suser": "Bot", "suid": "s1"},
		},
		"sign-in over IPv6": {
			"SigninLogs", `{"OperationName":"Sign-in activity","ResultType":50126,"ResultSignature":"None","ResultDescription":"bad = password","UserPrincipalName":"a@b","UserId":"u1","IPAddress":"2001:db8::1","UserAgent":"curl"}`,
			map[string]string{"act": "Sign-in activity", "outcome": "50126", "reason": "bad = password", "suser": "a@b", "suid": "u1", "c6a2": "2001:db8::1", "requestClientApplication": "curl"},
		},
		"activity": {
			"AzureActivity", `{"OperationNameValue":"X/WRITE","ActivityStatusValue":"Success","Caller":"a@b","CallerIpAddress":"203.0.113.7"}`,
			map[string]string{"act": "X/WRITE", "outcome": "Success", "suser": "a@b", "src": "203.0.113.7"},
		},
		"vault": {
			"AzureDiagnostics", `{"OperationName":"SecretGet","ResultSignature":"Forbidden","ResultType":"Success","identity_claim_upn_s":"a@b","identity_claim_oid_g":"o1","CallerIPAddress":"203.0.113.7","clientInfo_s":"az","requestUri_s":"https://v.vault.azure.net/secrets/x"}`,
			map[string]string{"act": "SecretGet", "outcome": "Forbidden", "suser": "a@b", "suid": "o1", "src": "203.0.113.7", "requestClientApplication": "az", "request": "https://v.vault.azure.net/secrets/x"},
		},
		"vault, own table": {
			"AZKVAuditLogs", `{"OperationName":"SecretGet","Identity":{"claim":{"oid":"o1","upn":"a@b"}},"CallerIpAddress":"fe80::1%eth0"}`,
			map[string]string{"act": "SecretGet", "suser": "a@b", "suid": "o1", "c6a2": "fe80::1"},
		},
		"office": {
			"OfficeActivity", `{"Operation":"Consent to application.","ResultStatus":"True","UserId":"a@b","ClientIP":"[2001:db8::1]:443"}`,
			map[string]string{"act": "Consent to application.", "outcome": "True", "suser": "a@b", "suid": "a@b", "c6a2": "2001:db8::1"},
		},
		"the object is a person and a role": {
			"AuditLogs", `{"OperationName":"Add member to role","TargetResources":"[{\"type\":\"Role\",\"id\":\"r1\",\"displayName\":\"Reader\"},{\"type\":\"User\",\"id\":\"u2\",\"userPrincipalName\":\"b@c\"}]"}`,
			map[string]string{"act": "Add member to role", "duser": "b@c", "duid": "u2", "fname": "Reader", "fileId": "r1", "fileType": "Role"},
		},
		"the object is odd": {
			"AuditLogs", `{"TargetResources":[{"type":7},"x",null,{"type":"User"},{"type":"User","displayName":"Eve"},{"id":"s1","type":"ServicePrincipal"}]}`,
			map[string]string{"duser": "Eve", "fileId": "s1", "fileType": "ServicePrincipal"},
		},
		"the object is a resource": {
			"AzureActivity", `{"OperationNameValue":"X/WRITE","Resource":"vm1","_ResourceId":"/subscriptions/1/vm1","ResourceProviderValue":"MICROSOFT.COMPUTE","TargetResources":"no JSON"}`,
			map[string]string{"act": "X/WRITE", "fname": "vm1", "fileId": "/subscriptions/1/vm1", "fileType": "MICROSOFT.COMPUTE"},
		},
		"the object is an application": {
			"SigninLogs", `{"AppDisplayName":"Azure Portal","ResourceDisplayName":"Microsoft Graph","ResourceIdentity":"g1"}`,
			map[string]string{"destinationServiceName": "Azure Portal", "fname": "Microsoft Graph", "fileId": "g1"},
		},
		"nothing of use": {"Custom_CL", `{"IPAddress":"nowhere","UserPrincipalName":null,"InitiatedBy":"[]"}`, map[string]string{}},
	} {
		e := row(t, c.table, c.row)
		format := recordFormats()[CEF]
		line, how, err := format.encoder.append(nil, &e)
		if err != nil || how == tooLong {
			t.Fatal(name, how, err)
		}
		record, err := format.parse(line[:len(line)-1])
		if err != nil {
			t.Fatalf("%s: %v in %q", name, err, line)
		}
		maps.DeleteFunc(record.Fields, func(key, _ string) bool {
			return strings.HasSuffix(key, "Label") || slices.Contains([]string{"deviceFacility", "cat", "externalId", "cs6"}, key)
		})
		if diff := cmp.Diff(c.want, record.Fields); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestClassAndSeverity(t *testing.T) {
	e := row(t, "AuditLogs", `{"OperationName":"Add | owner "}`)
	e.Risk.Add("m", []enrich.Tag{
		{Rule: "a.low", Severity: enrich.Low, Score: 90}, {Rule: "b.high", Severity: enrich.High, Score: 10}, {Rule: "c.higher", Severity: enrich.High, Score: 20},
	})
	for name, f := range recordFormats() {
		line, _, err := f.encoder.append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.parse(line[:len(line)-1])
		if err != nil || r.Class != "c.higher" || r.Severity != 8 || f.encoder.format == CEF && r.Name != "Add | owner" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 0, "short"},
		{"exactly twenty bytes", 20, "exactly twenty bytes"},
		{"exactly twenty bytes.", 20, "exactl" + shortMark},
		{"aaaaaéaaaaaaaaaaaaaaa", 20, "aaaaa" + shortMark},
	} {
		if got := shorten(c.text, c.limit); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

// FuzzRecord checks that a strict reader finds in a message of CEF or LEEF exactly the fields that were written, with
// their values, and the whole event.
func FuzzRecord(f *testing.F) {
	for _, e := range sinktest.Hostile() {
		f.Add(e.ID, e.Text("Message"), e.Text("Message"))
	}
	f.Add("id", `C:\users \u005e \\u005e ^;`+"\t\v", "a=b c=d |x| \\= \\n\n\r ")
	formats := recordFormats()
	f.Fuzz(func(t *testing.T, id, user, text string) {
		for name, format := range formats {
			e := hostile(id, user, text)
			line, how, err := format.encoder.append(nil, &e)
			if err != nil {
				t.Fatal(err)
			}
			if how == tooLong {
				continue // too long, and said so
			}
			message := line[:len(line)-1]
			if bad := strings.IndexFunc(string(message), isControl); bad >= 0 && (message[bad] != '\t' || format.encoder.delimiter != '\t') {
				t.Fatalf("%s: control character in %q", name, message)
			}
			record, err := format.parse(message)
			if err != nil {
				t.Fatalf("%s: %v in %q", name, err, message)
			}
			checkFields(t, name, format.key, &e, record.Fields, how)
			checkEvent(t, name, record.Fields[format.event], id, text, len(line) < format.encoder.limit && len(text) < 512)
		}
	})
}

// hostile is an event all of whose fields come from outside.
func hostile(id, user, text string) enrich.Event {
	columns := enrich.NewColumns([]string{"OperationName", "UserPrincipalName", "CorrelationId", "Message"},
		[]enrich.Type{enrich.String, enrich.String, enrich.String, enrich.String})
	array := []byte("[")
	for _, s := range []string{text, user, text} {
		array = append(enrich.AppendString(array, s), ',')
	}
	r, err := enrich.SplitArray(columns, append(enrich.AppendString(array, text), ']'))
	if err != nil {
		panic(err) // the cells above are JSON
	}
	e := enrich.Event{ID: id, Table: text, Row: r}
	e.Risk.Add("m", []enrich.Tag{{Rule: user, Severity: enrich.Low, Message: text, Objects: []enrich.Object{{Type: "user", Value: user}}}})
	return e
}

func checkFields(t *testing.T, format string, key func(field) string, e *enrich.Event, got map[string]string, how fit) {
	t.Helper()
	want := 0
	for _, f := range fields(operation()) {
		value := shorten(f.value(e), f.limit)
		if key(f) == "" || value == "" {
			continue
		}
		want++
		if format == CEF {
			value = strings.Map(func(r rune) rune {
				if isControl(r) && r != '\n' && r != '\r' {
					return utf8.RuneError
				}
				return r
			}, value)
			if f.label != "" {
				want++
			}
		}
		if cut, ok := strings.CutSuffix(got[key(f)], shortMark); ok && how == shortened && strings.HasPrefix(visibleRunes(value), visibleRunes(cut)) {
			continue
		}
		if got := got[key(f)]; visibleRunes(got) != visibleRunes(value) {
			t.Fatalf("%s: %s is %q, want %q", format, key(f), got, value)
		}
	}
	if want += 4; format == CEF { // LEEF has the format of its time, the severity, the event and what that is
		want-- // the facility, the event and its label
	}
	if len(got) != want {
		t.Fatalf("%s: %d fields, want %d: %q", format, len(got), want, got)
	}
}

// visibleRunes makes of each byte that isn't UTF-8 one U+FFFD, as a range over the string does.
func visibleRunes(s string) string { return string([]rune(s)) }

func checkEvent(t *testing.T, format, event, id, text string, whole bool) {
	t.Helper()
	var got struct {
		Message string
		EventID string `json:"event_id"`
	}
	if err := json.Unmarshal([]byte(event), &got); err != nil {
		t.Fatalf("%s: %v in %q", format, err, event)
	}
	if want := string([]rune(id)); got.EventID != want {
		t.Fatalf("%s: event_id %q, want %q", format, got.EventID, want)
	}
	if want := string([]rune(text)); whole && got.Message != want {
		t.Fatalf("%s: message %q, want %q", format, got.Message, want)
	}
}
