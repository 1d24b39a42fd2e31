package peer

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// understand returns the event of a message: its text, or what stands in CEF and LEEF for the whole event. The fields of
// these it adds to the others.
func understand(fields map[string]string) (event map[string]any, err error) {
	text := fields["msg"]
	if !strings.HasPrefix(strings.TrimLeft(text, " "), "{") {
		parse, key := syslogtest.ParseCEF, "cs6"
		if strings.Contains(fields["raw"], " LEEF:2.0|") && !strings.Contains(fields["raw"], " CEF:0|") {
			parse, key = syslogtest.ParseLEEF, "event"
		}
		record, err := parse([]byte(fields["raw"]))
		if err != nil {
			return nil, err
		}
		if text = record.Fields[key]; !strings.Contains(text, record.Fields["externalId"]) {
			return nil, fmt.Errorf("the event is not %s", record.Fields["externalId"])
		}
		maps.Copy(fields, record.Fields)
		fields["class"] = record.Class
	}
	return event, json.Unmarshal([]byte(text), &event)
}
