package syslog

import (
	"bytes"
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

const (
	leefHeader = "LEEF:2.0|riskrelay|riskrelay|1|"
	leefClass  = 255 // characters of an event id
)

// leef appends the event behind its priority in QRadar's Log Event Extended Format 2.0:
//
//	Mar  1 09:00:00 host LEEF:2.0|riskrelay|riskrelay|1|class|^|key=value^key=value^...
//
// https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components
func (c *encoder) leef(dst []byte, e *enrich.Event) ([]byte, error) {
	dst = append(c.stamp(dst, e.Time), leefHeader...)
	dst = append(appendClass(dst, shorten(c.class(e), leefClass)), '|')
	if c.delimiter == '\t' {
		dst = append(dst, "x09|"...)
	} else {
		dst = append(dst, c.delimiter, '|')
	}
	dst = strconv.AppendInt(append(dst, "sev="...), int64(max(1, level(&e.Risk))), 10) // from 1 to 10
	for _, f := range c.fields {
		value := ""
		if f.leef != "" {
			value = shorten(f.value(e), f.limit)
		}
		if value != "" {
			dst = append(append(append(dst, c.delimiter), f.leef...), '=')
			dst = appendLEEF(dst, value, rune(c.delimiter))
		}
	}
	dst = append(append(dst, c.delimiter), leefEvent+"="...)
	text := len(dst)
	dst, err := eventjson.Append(dst, e)
	if err != nil {
		return dst, err
	}
	return escapeDelimiter(escapeControls(dst, text), text, c.delimiter), nil
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
		if r == delimiter || isControl(r) || r == '\\' && looksEscaped(value[i:]) {
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

// appendEscape appends r, which has at most 16 bits, as an escape of JSON.
func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// escapeDelimiter writes the delimiter in the JSON at out[from:], where it stands in strings only, as an escape of JSON.
func escapeDelimiter(out []byte, from int, delimiter byte) []byte {
	at := bytes.IndexByte(out[from:], delimiter)
	if at < 0 {
		return out
	}
	at += from
	rest := bytes.Clone(out[at:])
	out = out[:at]
	for _, c := range rest {
		if c == delimiter {
			out = appendEscape(out, rune(c))
		} else {
			out = append(out, c)
		}
	}
	return out
}
