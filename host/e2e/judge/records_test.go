//go:build linux

package judge

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/riskrelay/riskrelay/enrich"
)

// fact is something about a row that CEF and LEEF have a key for.
type fact struct {
	cef, leef, label string
	room             int // bytes; 0 for any number
	text             string
}

// facts are what CEF and LEEF say of a row, by the table in the README of package syslog. What is "" is left out.
func facts(r *row) []fact {
	e, by, target := &r.event, r.actor(), r.target()
	all := []fact{
		{cef: "deviceFacility", text: "local0"},
		{leef: "devTimeFormat", text: "MMM dd yyyy HH:mm:ss.SSS zzz"},
		{cef: "cat", leef: "cat", text: e.Table},
		{cef: "externalId", leef: "externalId", text: e.ID},
		{cef: "act", leef: "operation", room: 63, text: r.text("OperationName")},
		{cef: "outcome", leef: "outcome", room: 63, text: r.text("Result", "ResultType")},
		{cef: "reason", leef: "reason", room: 1023, text: r.text("ResultReason", "ResultDescription")},
		{cef: "suser", leef: "usrName", room: 1023, text: r.text("UserPrincipalName") + by["userPrincipalName"] + by["displayName"]},
		{cef: "suid", leef: "userId", room: 1023, text: r.text("UserId") + by["id"] + by["servicePrincipalId"]},
		{cef: "requestClientApplication", leef: "userAgent", room: 1023, text: r.text("UserAgent")},
		{cef: "destinationServiceName", leef: "destinationServiceName", room: 1023, text: r.text("AppDisplayName")},
		{cef: "cs5", leef: "correlationId", label: "CorrelationId", room: 4000, text: r.text("CorrelationId")},
		{leef: "eventFormat", text: "json"},
	}
	if address := r.text("IPAddress") + by["ipAddress"]; strings.Contains(address, ":") {
		all = append(all, fact{cef: "c6a2", label: "Source IPv6 Address", text: address}, fact{leef: "src", text: address})
	} else {
		all = append(all, fact{cef: "src", leef: "src", text: address})
	}
	if target["type"] == "User" {
		all = append(all, fact{cef: "duser", leef: "duser", text: target["userPrincipalName"]}, fact{cef: "duid", leef: "duid", text: target["id"]})
	} else {
		all = append(all,
			fact{cef: "fname", leef: "fname", room: 1023, text: target["displayName"] + r.text("ResourceDisplayName")}, fact{cef: "fileId", leef: "fileId", text: target["id"]},
			fact{cef: "fileType", leef: "fileType", text: target["type"]})
	}
	if !e.Time.IsZero() {
		all = append(all, fact{cef: "rt", text: strconv.FormatInt(e.Time.UnixMilli(), 10)},
			fact{leef: "devTime", text: e.Time.Format("Jan 02 2006 15:04:05.000 UTC")})
	}
	if !e.Risk.Tagged() {
		return all
	}
	var messages, objects []string
	for _, m := range e.Risk.Rules {
		if m.Message != "" {
			messages = append(messages, m.Message)
		}
	}
	for _, o := range e.Risk.Objects {
		objects = append(objects, o.Type+":"+o.Value)
	}
	return append(all,
		fact{cef: "msg", leef: "msg", room: 1023, text: strings.Join(messages, "; ")},
		fact{cef: "cn1", leef: "riskScore", label: "RiskScore", text: strconv.Itoa(e.Risk.Score)},
		fact{cef: "cs1", leef: "riskRules", label: "RiskRules", room: 4000, text: worstFirst(e)},
		fact{cef: "cs2", leef: "riskLevel", label: "RiskLevel", text: e.Risk.Level.String()},
		fact{cef: "cs3", leef: "riskObjects", label: "RiskObjects", room: 4000, text: strings.Join(objects, ",")},
		fact{cef: "cs4", leef: "mitre", label: "MitreTechniques", room: 4000, text: strings.Join(e.Risk.Techniques(), ",")})
}

// text is the first of the columns that holds text.
func (r *row) text(columns ...string) string {
	for _, column := range columns {
		if text, _ := r.columns[column].(string); text != "" {
			return text
		}
	}
	return ""
}

// actor is who did it, by InitiatedBy.
func (r *row) actor() map[string]string {
	by, _ := r.columns["InitiatedBy"].(map[string]any)
	for _, kind := range []string{"user", "app"} {
		if who, ok := by[kind].(map[string]any); ok {
			return texts(who)
		}
	}
	return nil
}

// target is what it was done to.
func (r *row) target() map[string]string {
	targets, _ := r.columns["TargetResources"].([]any)
	if len(targets) == 0 {
		return nil
	}
	target, _ := targets[0].(map[string]any)
	return texts(target)
}

func texts(members map[string]any) map[string]string {
	all := map[string]string{}
	for name, value := range members {
		all[name] = fmt.Sprint(value)
	}
	return all
}

// class and title are what CEF and LEEF call the event.
func (r *row) class() string {
	if rules := r.event.Risk.Rules; len(rules) > 0 {
		return rules[0].ID
	}
	return r.title()
}

func (r *row) title() string { return strings.TrimSpace(r.text("OperationName")) }

// grade is the level of a risk from 0 to 10.
func grade(e *enrich.Event) int {
	return map[enrich.Severity]int{enrich.Critical: 10, enrich.High: 8, enrich.Medium: 5, enrich.Low: 3, enrich.Info: 1}[e.Risk.Level]
}

func meantCEF(text []byte, r *row) map[string]value {
	want := header(&r.event)
	inHeader := func(text string, room int) value { return within(replaceControls(text, ""), room) }
	want["vendor"], want["product"], want["version"] = exactly("riskrelay"), exactly("riskrelay"), exactly("1")
	want["class"], want["name"], want["level"] = inHeader(r.class(), 1023), inHeader(r.title(), 512), exactly(strconv.Itoa(grade(&r.event)))
	for _, f := range facts(r) {
		if f.cef == "" || f.text == "" {
			continue
		}
		want["ext."+f.cef] = within(replaceControls(f.text, "\n\r"), f.room)
		if f.label != "" {
			want["ext."+f.cef+"Label"] = exactly(f.label)
		}
	}
	want["ext.cs6"], want["ext.cs6Label"] = asJSON(text), exactly("Event")
	return want
}

func meantLEEF(text []byte, r *row) map[string]value {
	want := header(&r.event)
	want["vendor"], want["product"], want["version"], want["delimiter"] = exactly("riskrelay"), exactly("riskrelay"), exactly("1"), exactly("^")
	want["class"] = within(strings.ReplaceAll(replaceControls(r.class(), ""), "|", "/"), 255)
	want["ext.sev"] = exactly(strconv.Itoa(max(1, grade(&r.event))))
	for _, f := range facts(r) {
		if f.leef != "" && f.text != "" {
			want["ext."+f.leef] = within(escaped(f.text), f.room)
		}
	}
	want["ext.event"] = asJSON(text)
	return want
}

// replaceControls has U+FFFD for each control character and line break that isn't one of kept.
func replaceControls(text, kept string) string {
	return strings.Map(func(r rune) rune {
		if control(r) && !strings.ContainsRune(kept, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// control reports whether messages have no room for r.
func control(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// escaped is a value of LEEF, which has no escapes of its own.
func escaped(text string) string {
	var out strings.Builder
	for i, r := range text {
		if control(r) || strings.ContainsRune("^|", r) || strings.HasPrefix(text[i:], `\u0041`) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}
