package splunkhec_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestStreamSuite holds that what the sink promises of events it promises of records.
func TestStreamSuite(t *testing.T) {
	records := eventjson.Shape{Records: new(shape.Writer)}
	sinktest.TestSink(t, func(t *testing.T) sinktest.Peer {
		server, config := start(t, hectest.Config{Ack: true})
		config.Shape = splunkhec.ShapeStream
		content := func(t *testing.T, e *enrich.Event) []byte {
			t.Helper()
			text, err := records.Append(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		return sinktest.Peer{Sink: newSink(t, config), Got: &server.Events, Content: content, Promise: pipeline.Indexed}
	})
}

// TestStreamEnvelopes sends a row that has a record and one that has none.
func TestStreamEnvelopes(t *testing.T) {
	var out bytes.Buffer
	_, config := start(t, hectest.Config{Output: &out})
	config.Shape = splunkhec.ShapeStream
	audit := sinktest.Events(1)[0]
	audit.Late = true
	receipt, err := newSink(t, config).Send(t.Context(), []enrich.Event{audit, sinktest.Event("e-2", "OfficeActivity", `{}`, "x")})
	if err != nil || receipt.Events != 2 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	for want, n := range map[string]int{
		`"sourcetype":"azure:monitor:aad","event":{"event_id":"` + audit.ID + `","risk":{`:                                                                        1,
		`},"late":true,"time":"2026-03-01T09:00:00.1234567Z","operationName":"Update application – Certificates and secrets management ","category":"AuditLogs",`: 1,
		`"sourcetype":"azure:loganalytics:officeactivity","event":{"event_id":"e-2","Type":"OfficeActivity",`:                                                     1,
		`"fields":{"event_id":"` + audit.ID + `","risk_level":`:                                                                                                   1,
		`"TenantId"`: 0,
	} {
		if got := strings.Count(out.String(), want); got != n {
			t.Errorf("%s stands %d times, want %d, in\n%s", want, got, n, out.String())
		}
	}
	out.Reset()
	config.Sourcetype = "mine:{table}"
	if _, err := newSink(t, config).Send(t.Context(), []enrich.Event{audit}); err != nil || !strings.Contains(out.String(), `"sourcetype":"mine:auditlogs"`) {
		t.Errorf("%v in %s", err, out.String())
	}
}

// TestTooLargeRecordIsShortened has a record whose size is one column's.
func TestTooLargeRecordIsShortened(t *testing.T) {
	var out bytes.Buffer
	_, config := start(t, hectest.Config{MaxContent: 20 << 10, Output: &out})
	config.Shape = splunkhec.ShapeStream
	for _, c := range []struct{ table, row, want string }{
		{"SigninLogs", `{"OperationName":"Sign-in activity","UserAgent":"` + strings.Repeat("x", 100<<10) + `"}`, `"userAgent":"xxxx`},
		{"AADNonInteractiveUserSignInLogs", `{"OperationName":"Sign-in activity","DeviceDetail":"{\"a\":\"` + strings.Repeat("\\u0020", 20<<10) + `\"}"}`, `"deviceDetail":"{\"a\":\"`},
		{"SigninLogs", `{"OperationName":"Sign-in activity","` + manyColumns(400) + `":0}`, `"columns_omitted":`},
	} {
		out.Reset()
		_, _, row, err := enrich.NewObjectParser(nil).Parse([]byte(c.row))
		if err != nil {
			t.Fatal(err)
		}
		event := enrich.NewEvent(c.table, row)
		receipt, err := newSink(t, config).Send(t.Context(), []enrich.Event{event})
		if err != nil || !slices.Equal(receipt.Shortened, []int{0}) {
			t.Fatalf("receipt %+v, %v", receipt, err)
		}
		var envelope struct {
			Event struct {
				EventID       string `json:"event_id"`
				OperationName string
				Properties    json.RawMessage
			}
		}
		if err := json.Unmarshal(out.Bytes(), &envelope); err != nil || envelope.Event.EventID != event.ID || envelope.Event.OperationName != "Sign-in activity" || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: want %s in %.300s", err, c.want, out.String())
		}
	}
}

// manyColumns is the names and values of n columns without the first and the last quote.
func manyColumns(n int) string {
	var all []string
	for i := range n {
		all = append(all, "Column"+strings.Repeat("y", i%7)+string(rune('a'+i%26))+strings.Repeat("z", i/26)+`":"`+strings.Repeat("v", 200))
	}
	return strings.Join(all, `","`) + `","Last`
}
