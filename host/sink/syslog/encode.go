package syslog

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// encoder writes events as syslog messages. The text of a message is the event as one line of JSON, alone or as the last
// field of CEF and LEEF. Nothing in a message can end a frame or begin one: but for a tab between fields of LEEF it has no
// control characters.
type encoder struct {
	facility  int
	format    string
	host      string
	app       string
	sdID      string  // name of the structured data
	fields    []field // of CEF and LEEF
	operation func(*enrich.Event) string
	delimiter byte // of LEEF
	limit     int  // bytes of a message
	year      bool // in the time of headers
	undoesAll bool // as of the receiver
	now       func() time.Time
	framing   string // "" for none
	room      int    // bytes of a value in CEF and LEEF, 0 for as many as the formats have room for
}

func newEncoder(c Config) *encoder {
	e := &encoder{
		facility: slices.Index(facilities(), c.Facility), format: c.Format, host: c.hostname(), app: c.AppName,
		sdID: "riskrelay@" + c.EnterpriseID, fields: fields(operation()), operation: operation(), delimiter: c.delimiter(), limit: c.maxMessage(), framing: c.Framing,
		year: !c.yearless(), undoesAll: c.receiver().undoesAll, now: time.Now,
	}
	if c.Network == UDP {
		e.framing = ""
	}
	return e
}

// fit is how an event fits into a message.
type fit int

const (
	tooLong   fit = iota // not even shortened
	whole                // as it is
	shortened            // only shortened
)

// append appends the event as one framed message. Nothing is appended when the event is tooLong.
func (c *encoder) append(dst []byte, e *enrich.Event) (out []byte, how fit, err error) {
	start := len(dst)
	if out, err = c.message(dst, e, e); err != nil {
		return dst, tooLong, err
	}
	if len(out)-start > c.limit {
		return c.appendShortened(dst, e)
	}
	return c.frame(out, start), whole, nil
}

// frame makes a frame of the message that begins at start (RFC 6587, 3.4).
func (c *encoder) frame(out []byte, start int) []byte {
	switch c.framing {
	case LF:
		return append(out, '\n')
	case Octet:
		var length [12]byte
		prefix := append(strconv.AppendInt(length[:0], int64(len(out)-start), 10), ' ')
		return slices.Insert(out, start, prefix...)
	}
	return out
}

// message appends a message without its frame. The event as JSON is that of short, which may be e with less in it; single facts are
// those of e.
func (c *encoder) message(dst []byte, e, short *enrich.Event) ([]byte, error) {
	dst = append(strconv.AppendInt(append(dst, '<'), int64(c.facility*8+severity(&e.Risk)), 10), '>')
	switch c.format {
	case CEF:
		return c.cef(dst, e, short)
	case LEEF:
		return c.leef(dst, e, short)
	case RFC3164:
		dst = append(append(c.stamp(dst, e.Time), c.app...), ": "...)
	default:
		dst = c.header5424(dst, short)
	}
	text := len(dst)
	dst, err := eventjson.Append(dst, short)
	if err != nil {
		return dst, err
	}
	return escapeControls(dst, text), nil
}

// rfc3339Micro is a time in UTC with six digits behind the point: RFC 5424, 6.2.3, allows no more.
const rfc3339Micro = "2006-01-02T15:04:05.000000Z"

// header5424 appends the header behind the priority and the structured data (RFC 5424, 6). No parameter stands there twice, nor two
// whose names differ in case only: RFC 5424 allows it, but readers keep the last one.
func (c *encoder) header5424(dst []byte, e *enrich.Event) []byte {
	dst = append(dst, "1 "...)
	if e.Time.IsZero() {
		dst = append(dst, '-')
	} else {
		dst = e.Time.UTC().AppendFormat(dst, rfc3339Micro)
	}
	dst = append(append(dst, ' '), c.host...)
	dst = append(append(dst, ' '), c.app...)
	dst = append(dst, " - "...)
	if id := plain(e.Table, maxMessageID); id != "" {
		dst = append(dst, id...)
	} else {
		dst = append(dst, '-')
	}
	dst = append(append(dst, " ["...), c.sdID...)
	dst = appendParam(dst, "event_id", e.ID)
	dst = appendParam(dst, "table", e.Table)
	if e.Risk.Tagged() {
		dst = appendParam(dst, "level", e.Risk.Level.String())
		dst = appendParam(dst, "score", strconv.Itoa(e.Risk.Score))
		dst = appendParam(dst, "rules", strings.Join(e.Risk.Tags, ","))
		if e.Risk.Follows != "" {
			dst = appendParam(dst, "follows", e.Risk.Follows)
		}
	}
	return append(dst, "] "...)
}

// stamp appends the header of RFC 3164, 4.1, without priority and tag: the time, which is UTC, and the host. The time of an event
// that has none is the sender's (RFC 3164, 4.3.2).
func (c *encoder) stamp(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		t = c.now()
	}
	layout := time.Stamp
	if c.year {
		layout = rfc3339Micro
	}
	dst = t.UTC().AppendFormat(dst, layout)
	return append(append(append(dst, ' '), c.host...), ' ')
}

// appendParam appends a parameter of structured data: in its value '"', '\' and ']' are escaped (RFC 5424, 6.3.3),
// and control characters, which the RFC allows but frames don't survive, become U+FFFD.
func appendParam(dst []byte, name, value string) []byte {
	dst = append(append(append(dst, ' '), name...), `="`...)
	for _, r := range value {
		switch {
		case r == '"' || r == '\\' || r == ']':
			dst = append(dst, '\\', byte(r))
		case isControl(r):
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// isControl reports whether r is a control character or one of Unicode's line breaks.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029
}

// escapeControls replaces control characters and Unicode's line breaks in the JSON at out[from:] by \u escapes. They
// can only stand inside strings, but for tabs between values.
func escapeControls(out []byte, from int) []byte {
	at := nextControl(out, from)
	if at < 0 {
		return out
	}
	rest := bytes.Clone(out[at:])
	out = out[:at]
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\t':
			out = append(out, ' ')
		case isControl(r):
			out = appendEscape(out, r)
		default:
			out = append(out, rest[:size]...)
		}
		rest = rest[size:]
	}
	return out
}

// nextControl is where the first character lies that escapeControls replaces, -1 if there is none.
func nextControl(text []byte, from int) int {
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c < 0x20 || c == 0x7f:
			return i
		case c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0: // U+0080 to U+009F
			return i
		case c == 0xe2 && i+2 < len(text) && text[i+1] == 0x80 && text[i+2]&^1 == 0xa8: // U+2028 and U+2029
			return i
		}
	}
	return -1
}

// severity is the syslog severity of a risk: 2 critical to 5 notice, 6 informational for the rest (RFC 5424, table 2).
func severity(r *enrich.Risk) int {
	switch r.Level {
	case enrich.Critical:
		return 2
	case enrich.High:
		return 3
	case enrich.Medium:
		return 4
	case enrich.Low:
		return 5
	}
	return 6
}
