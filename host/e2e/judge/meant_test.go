//go:build linux

package judge

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/e2e/peer"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

const (
	sender   = "relay01"
	index    = "azure"
	facility = "16" // local0
)

// value is what a field was meant to be: a text, and how a reader's text is compared with it.
type value struct {
	text string
	is   func(got string) bool
}

func exactly(text string) value {
	return value{text, func(got string) bool { return got == text }}
}

// within is a text that may be cut, with a mark, where the format has no more room; a room of 0 is any.
func within(text string, room int) value {
	return value{text, func(got string) bool {
		kept, cut := strings.CutSuffix(got, "...[shortened]")
		return got == text || room > 0 && len(text) > room && cut && len(got) > room-len("...[shortened]") && len(got) <= room && strings.HasPrefix(text, kept)
	}}
}

// anyTime is the time of a row without one in a header that must have one: the sender's clock.
var anyTime = value{"the sender's clock", func(got string) bool {
	at, err := time.Parse(time.RFC3339, got)
	if at.Year() == 0 { // the reader leaves it open, as the header does
		at = at.AddDate(time.Now().UTC().Year(), 0, 0)
	}
	return err == nil && time.Since(at).Abs() < 24*time.Hour
}}

// inHeader is a time in a header that may have no year and only whole seconds, as RFC 3164 has it.
func inHeader(at time.Time) value {
	if at.IsZero() {
		return anyTime
	}
	at = at.Truncate(time.Microsecond)
	return value{at.Format(time.RFC3339Nano), func(got string) bool {
		seen, err := time.Parse(time.RFC3339, got)
		return err == nil && (seen.Equal(at) || seen.Format(time.StampNano) == at.Truncate(time.Second).Format(time.StampNano))
	}}
}

// asJSON is a value that readers have as JSON, or as the text that a JSON string stands for.
func asJSON(text []byte) value {
	want := decode(text)
	return value{string(text), func(got string) bool {
		if plain, ok := want.(string); ok && got == plain {
			return true
		}
		seen := decode([]byte(got))
		return seen != nil && alike(want, seen) || want == nil && got == "null"
	}}
}

// decode is the JSON with its numbers as they are written, nil when it is none.
func decode(text []byte) (value any) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil || decoder.More() {
		return nil
	}
	return value
}

// alike reports whether JSON is the same, but for cells of a long event that were shortened and say so.
func alike(want, got any) bool {
	if reflect.DeepEqual(want, got) {
		return true
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, member := range want {
			if cell, ok := object[name]; !ok || !alike(member, cell) {
				return false
			}
		}
		return true
	case string:
		text, ok := got.(string)
		kept, _, cut := strings.Cut(text, "... [shortened by riskrelay")
		return ok && cut && strings.HasPrefix(want, kept)
	case json.Number:
		number, ok := got.(json.Number)
		return ok && sameNumber(want.String(), number.String())
	}
	return false
}

// sameNumber reports whether two numbers are the same, however they are written; whole ones digit by digit.
func sameNumber(a, b string) bool {
	if !strings.ContainsAny(a+b, ".eE") {
		return a == b
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// meant is what each field of an event says, by the README of its sink.
func meant(t *testing.T, format string, r *row) map[string]value {
	t.Helper()
	e := &r.event
	text, err := eventjson.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	switch format {
	case peer.HEC:
		return meantHEC(text, e)
	case peer.JSONLines:
		return members(text)
	case syslog.RFC5424:
		return meant5424(text, e)
	case syslog.RFC3164:
		want := header(e)
		want["app"], want["message"] = exactly("riskrelay"), asJSON(text)
		return want
	case syslog.CEF:
		return meantCEF(text, r)
	}
	return meantLEEF(text, r)
}

func meantHEC(text []byte, e *enrich.Event) map[string]value {
	want := map[string]value{
		"host": exactly(sender), "index": exactly(index), "source": exactly("riskrelay:" + tenant),
		"sourcetype":      exactly("azure:loganalytics:" + strings.ToLower(e.Table)),
		"fields.event_id": asJSON(enrich.AppendString(nil, e.ID)),
	}
	if !e.Time.IsZero() {
		want["time"] = exactly(e.Time.Truncate(time.Millisecond).Format(time.RFC3339Nano))
	}
	if e.Risk.Tagged() {
		list := func(texts []string) value {
			text, _ := json.Marshal(texts) // of texts
			return asJSON(text)
		}
		want["fields.risk_level"] = asJSON(enrich.AppendString(nil, e.Risk.Level.String()))
		want["fields.risk_score"] = asJSON(enrich.AppendString(nil, strconv.Itoa(e.Risk.Score)))
		want["fields.risk_rule"] = list(e.Risk.Tags)
		if techniques := e.Risk.Techniques(); len(techniques) > 0 {
			want["fields.mitre_technique_id"] = list(techniques)
		}
	}
	maps.Copy(want, members(text))
	return want
}

// members are the values in an event.
func members(text []byte) map[string]value {
	cells, want := peer.Seen{}, map[string]value{}
	peer.Flatten(cells, "event", text)
	for path, cell := range cells {
		want[path] = asJSON([]byte(cell))
	}
	return want
}

// severity is that of syslog.
func severity(e *enrich.Event) value {
	words := map[enrich.Severity]string{enrich.Critical: "2", enrich.High: "3", enrich.Medium: "4", enrich.Low: "5"}
	if word, ok := words[e.Risk.Level]; ok {
		return exactly(word)
	}
	return exactly("6")
}

// header is what RFC 3164, CEF and LEEF begin with.
func header(e *enrich.Event) map[string]value {
	return map[string]value{"facility": exactly(facility), "severity": severity(e), "host": exactly(sender), "time": inHeader(e.Time)}
}

func meant5424(text []byte, e *enrich.Event) map[string]value {
	want := map[string]value{
		"facility": exactly(facility), "severity": severity(e), "host": exactly(sender), "app": exactly("riskrelay"), "msgid": exactly(e.Table),
		"message": asJSON(text), "sd.event_id": exactly(e.ID), "sd.table": exactly(e.Table),
	}
	if !e.Time.IsZero() {
		want["time"] = exactly(e.Time.Truncate(time.Microsecond).Format(time.RFC3339Nano))
	}
	if e.Risk.Tagged() {
		want["sd.level"], want["sd.score"] = exactly(e.Risk.Level.String()), exactly(strconv.Itoa(e.Risk.Score))
		want["sd.rules"] = exactly(worstFirst(e))
	}
	return want
}

// worstFirst are the rules that matched.
func worstFirst(e *enrich.Event) string {
	var ids []string
	for _, m := range e.Risk.Rules {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, ",")
}
