package syslog

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// odd is a row whose texts have what CEF, LEEF and JSON escape.
const odd = `{"OperationName":"Update | application","ResultReason":"said \"no\" a=b left|right C:\\new\/x\n\t^","CorrelationId":"k-1","Details":{"a=b":["\u00e9\\u"]}}`

// TestForeignReaders checks what readers rely on that take CEF and LEEF less strictly than their authors meant.
func TestForeignReaders(t *testing.T) {
	e := row(t, "AuditLogs", odd)
	e.Time = time.Date(2026, 11, 30, 15, 59, 23, 105e6, time.UTC)
	e.Risk.Add("m", []enrich.Tag{{Rule: "t.worst", Severity: enrich.Critical, Score: 90, Message: "a|b=c"}})
	for name, f := range recordFormats() {
		line, _, err := f.encoder.append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		message := strings.TrimSuffix(string(line), "\n")
		r, err := f.parse([]byte(message))
		if err != nil {
			t.Fatalf("%s: %v in %q", name, err, message)
		}
		embedded := r.Fields[f.event]
		unescaped := strings.NewReplacer(`\\`, `\`, `\=`, `=`, `\|`, `|`, `\n`, "\n", `\r`, "\r").Replace(embedded)
		if embedded != unescaped || !strings.Contains(message, embedded) {
			t.Errorf("%s: the event isn't the same to readers that undo escapes: %q", name, embedded)
		}
		var got struct{ ResultReason string }
		if err := json.Unmarshal([]byte(embedded), &got); err != nil || got.ResultReason != e.Text("ResultReason") {
			t.Errorf("%s: ResultReason is %q, %v", name, got.ResultReason, err)
		}
		first, last := "|deviceFacility=local0 rt=", " cs6Label=Event"
		if f.encoder.format == LEEF {
			delimiter := string(f.encoder.delimiter)
			first, last = "|devTimeFormat=MMM dd yyyy HH:mm:ss.SSS zzz"+delimiter+"sev=", delimiter+"eventFormat=json"
			if got := r.Fields["devTime"]; got != "Nov 30 2026 15:59:23.105 UTC" {
				t.Errorf("%s: devTime is %q", name, got)
			}
			if pipes := strings.Count(message, "|"); pipes != 6 {
				t.Errorf("%s: %d pipes: %q", name, pipes, message)
			}
		}
		if !strings.Contains(message, first) || !strings.HasSuffix(message, last) {
			t.Errorf("%s: not %s first and %s last: %q", name, first, last, message)
		}
	}
}

// TestTabDelimiter checks that the delimiter's field is empty: that is a tab to more readers than x09 is.
func TestTabDelimiter(t *testing.T) {
	e := row(t, "AuditLogs", odd)
	e.Risk.Add("m", []enrich.Tag{{Rule: "t.worst", Severity: enrich.Low}})
	line, _, err := recordFormats()["leef x9"].encoder.append(nil, &e)
	if err != nil || !strings.Contains(string(line), "|t.worst||devTimeFormat=") {
		t.Errorf("%q, %v", line, err)
	}
}
