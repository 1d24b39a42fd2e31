package sinktest

import (
	"fmt"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// Events returns n events with different ids and rows of about 2 KB; every tenth is tagged. The same n gives the same events.
func Events(n int) []enrich.Event {
	columns := auditColumns()
	events := make([]enrich.Event, n)
	for i := range events {
		events[i] = auditEvent(columns, i)
	}
	return events
}

// Event is an event of table with one dynamic and one string column that hold the given JSON and text.
func Event(id, table, dynamic, text string) enrich.Event {
	columns := enrich.NewColumns([]string{"Type", "Details", "Message"}, []enrich.Type{enrich.String, enrich.Dynamic, enrich.String})
	return enrich.Event{
		ID: id, Table: table, Time: start(),
		Row: row(columns, quote(table), quote(dynamic), quote(text)),
	}
}

// Hostile returns events that hold what breaks careless encoders: quotes, backslashes, brackets, line breaks of every
// kind, control characters, text that looks like a frame or like JSON, long cells and empty ones.
func Hostile() []enrich.Event {
	texts := []string{
		"", `"`, `\`, `]`, `\"]`, "a\nb\r\nc", "\u0085\u2028\u2029", "\x00\x01\x1b[31m\x7f", "\u0080\u009f", "\U0001F600 é",
		"48 <34>1 - - - - - -", "<34>1 2003-10-11T22:14:15.003Z evil evil - - -", "|=\t", `{"event":"fake"}`,
		strings.Repeat("long ", 2000), "' OR 1=1 --", "${jndi:ldap://example.invalid}",
	}
	events := []enrich.Event{}
	for i, text := range texts {
		details := "[" + string(quote(text)) + ",\n{\"n\": 9007199254740993}]"
		e := Event(fmt.Sprintf("ffffffff-0000-4000-8000-0000000000%02d", i), "AuditLogs", details, text)
		if i%2 == 0 {
			e.Risk.Add("test", []enrich.Tag{{
				Rule: "hostile.rule", Severity: enrich.High, Score: 70, Message: text, Reasons: []string{text}, Mitre: []string{"T1098"},
			}})
		}
		events = append(events, e)
	}
	return events
}

func start() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 123_456_700, time.UTC) }

func auditColumns() *enrich.Columns {
	return enrich.NewColumns(
		[]string{
			"TenantId", "TimeGenerated", "OperationName", "Category", "Result", "ResultReason", "TargetResources", "InitiatedBy",
			"AdditionalDetails", "CorrelationId", "Count", "Type",
		},
		[]enrich.Type{
			enrich.String, enrich.Datetime, enrich.String, enrich.String, enrich.String, enrich.String, enrich.Dynamic,
			enrich.Dynamic, enrich.Dynamic, enrich.String, enrich.Long, enrich.String,
		})
}

func auditEvent(columns *enrich.Columns, i int) enrich.Event {
	at := start().Add(time.Duration(i) * time.Second)
	property := `{"displayName":"KeyDescription","oldValue":"[]","newValue":"[\"[KeyIdentifier=%d,KeyType=Password,KeyUsage=Verify]\"]"}`
	properties := strings.Repeat(fmt.Sprintf(property, i)+",", 8) + fmt.Sprintf(property, i)
	targets := fmt.Sprintf(`[{"id":"app-%d","displayName":"Payroll","type":"Application","modifiedProperties":[%s]}]`, i, properties)
	actor := fmt.Sprintf(`{"user":{"userPrincipalName":"user%d@contoso.example","ipAddress":"203.0.113.%d"}}`, i%500, i%250)
	e := enrich.Event{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Time: at, Table: "AuditLogs",
		Row: row(columns, quote("11111111-2222-4333-8444-555555555555"), quote(at.Format("2006-01-02T15:04:05.0000000Z")),
			quote("Update application – Certificates and secrets management "), quote("ApplicationManagement"), quote("success"), quote(""),
			quote(targets), quote(actor), quote(`[{"key":"User-Agent","value":"Mozilla/5.0"}]`),
			quote(fmt.Sprintf("c-%d", i)), fmt.Append(nil, i), quote("AuditLogs")),
	}
	if i%10 == 0 {
		e.Risk.Add("test", []enrich.Tag{{
			Rule: "entra.app.credential_added", Revision: "r1", Pack: "test@1", Guide: []string{"credentials-added"},
			Severity: enrich.High, Score: 60, Message: "A credential was added to Payroll", Mitre: []string{"T1098.001"},
			Objects: []enrich.Object{{Type: "application", Value: "Payroll"}},
		}, {Rule: "entra.app.owner_changed", Severity: enrich.Medium, Score: 30, Mitre: []string{"T1098"}}})
	}
	return e
}

func quote(s string) []byte { return enrich.AppendString(nil, s) }

func row(columns *enrich.Columns, cells ...[]byte) enrich.Row {
	array := []byte{'['}
	for i, c := range cells {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(array, c...)
	}
	r, err := enrich.SplitArray(columns, append(array, ']'))
	if err != nil {
		panic(err) // the cells above are JSON
	}
	return r
}
