package syslog

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// Tab is the delimiter of LEEF that has no visible character of its own.
const Tab = "tab"

// delimiters are the characters that can stand between the attributes of a LEEF message: none has a meaning in the
// header, in a number or in JSON outside of strings.
const delimiters = "^~#!$%&*;@`"

// The format of devTime, as Java (QRadar) and Go write it: with the month's name, which also the parsers of Splunk Connect for
// Syslog read, unlike milliseconds.
const (
	javaTime = "MMM dd yyyy HH:mm:ss.SSS zzz"
	goTime   = "Jan 02 2006 15:04:05.000 UTC"
)

const (
	leefHeader = "LEEF:2.0|riskrelay|riskrelay|1|"
	leefClass  = 255 // characters of an event id
)

// leef appends the event behind its priority in QRadar's Log Event Extended Format 2.0:
//
//	Mar  1 09:00:00 host LEEF:2.0|riskrelay|riskrelay|1|class|^|devTimeFormat=..^sev=8^key=value^...^event={..}^eventFormat=json
//
// As in CEF, the first and the last pair hold what nobody misses. Behind the header is no '|': some readers take what follows the
// last one for the attributes.
//
// https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components
func (c *encoder) leef(dst []byte, e, short *enrich.Event) ([]byte, error) {
	dst = append(c.stamp(dst, e.Time), leefHeader...)
	dst = append(appendClass(dst, c.fit(c.class(e), leefClass)), '|')
	if c.delimiter != '\t' { // a tab is what no delimiter stands for, to more readers than know x09
		dst = append(dst, c.delimiter)
	}
	dst = append(dst, "|devTimeFormat="+javaTime...)
	dst = append(append(dst, c.delimiter), "sev="...)
	dst = strconv.AppendInt(dst, int64(max(1, level(&e.Risk))), 10) // from 1 to 10
	for _, f := range c.fields {
		value := ""
		if f.leef != "" {
			value = c.fit(f.value(e), f.limit)
		}
		if value != "" {
			dst = append(append(append(dst, c.delimiter), f.leef...), '=')
			dst = appendLEEF(dst, value, rune(c.delimiter))
		}
	}
	dst = append(append(dst, c.delimiter), leefEvent+"="...)
	text := len(dst)
	dst, err := eventjson.Append(dst, short)
	if err != nil {
		return dst, err
	}
	dst = embed(escapeControls(dst, text), text, c.delimiter)
	return append(append(dst, c.delimiter), "eventFormat=json"...), nil
}

// appendClass appends the event id. LEEF has no escapes: what would end it is replaced.
func appendClass(dst []byte, class string) []byte {
	for _, r := range class {
		switch {
		case r == '|':
			dst = append(dst, '/')
		case isControl(r):
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// appendLEEF appends a value. LEEF has no escapes, so what can't stand in a value is written as JSON would, \u005e. A
// backslash is one but where it would look like such an escape: then it is \u005c.
func appendLEEF(dst []byte, value string, delimiter rune) []byte {
	for i, r := range value {
		if r == delimiter || r == '|' || isControl(r) || r == '\\' && looksEscaped(value[i:]) {
			dst = appendEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// looksEscaped reports whether text begins like \u005e.
func looksEscaped(text string) bool {
	if len(text) < 6 || text[1] != 'u' {
		return false
	}
	return strings.Trim(text[2:6], "0123456789abcdefABCDEF") == ""
}
