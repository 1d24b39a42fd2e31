package syslog

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// The rest of the header of a CEF message (ArcSight CEF implementation standard, "Header Field Definitions").
const (
	cefHeader = "CEF:0|riskrelay|riskrelay|1|"
	classRoom = 1023
	nameRoom  = 512
)

// cef appends the event behind its priority in ArcSight's Common Event Format:
//
//	Mar  1 09:00:00 host CEF:0|riskrelay|riskrelay|1|class|name|severity|deviceFacility=local0 key=value ... cs6={..} cs6Label=Event
//
// Some readers spoil the first key, or leave the last value escaped: both places hold what nobody misses. The event's JSON has
// no character that the format escapes, so that it is JSON to readers that undo escapes and to those that don't.
//
// https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/pdfdoc/cef-implementation-standard/cef-implementation-standard.pdf
func (c *encoder) cef(dst []byte, e, short *enrich.Event) ([]byte, error) {
	dst = append(c.stamp(dst, e.Time), cefHeader...)
	dst = append(appendCEF(dst, c.fit(c.class(e), classRoom), '|'), '|')
	dst = append(appendCEF(dst, c.fit(c.title(e), nameRoom), '|'), '|')
	dst = append(strconv.AppendInt(dst, int64(level(&e.Risk)), 10), "|deviceFacility="...)
	dst = append(append(dst, facilities()[c.facility]...), ' ')
	for _, f := range c.fields {
		value := ""
		if f.cef != "" {
			value = c.fit(f.value(e), f.limit)
		}
		if value == "" {
			continue
		}
		if f.label != "" {
			dst = append(append(append(append(dst, f.cef...), "Label="...), f.label...), ' ')
		}
		dst = append(append(dst, f.cef...), '=')
		dst = append(appendCEF(dst, value, '='), ' ')
	}
	dst = append(dst, cefEvent+"="...)
	text := len(dst)
	dst, err := eventjson.Append(dst, short)
	if err != nil {
		return dst, err
	}
	dst = embed(escapeControls(dst, text), text, '=')
	if c.undoesAll {
		dst = append(dst[:text], bytes.ReplaceAll(dst[text:], []byte(`\`), []byte(`\\`))...)
	}
	return append(dst, " "+cefEvent+"Label=Event"...), nil
}

// appendCEF appends a value. Backslash and special are escaped by a backslash: '|' in the header, '=' behind it. Line
// breaks are written \n and \r where that is allowed, behind the header; all other control characters become U+FFFD.
func appendCEF(dst []byte, value string, special rune) []byte {
	for _, r := range value {
		switch {
		case r == '\\' || r == special:
			dst = append(dst, '\\', byte(r))
		case r == '\n' && special == '=':
			dst = append(dst, `\n`...)
		case r == '\r' && special == '=':
			dst = append(dst, `\r`...)
		case isControl(r):
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
