package syslogtest

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Record is a message of CEF or LEEF as a strict reader understands it.
type Record struct {
	Class    string // the device event class id, the event id
	Name     string // "" in LEEF
	Severity int
	Fields   map[string]string
}

// timeAndHost is a header as RFC 3164, 4.1, has it, with its priority and without a tag. The time may have a year, as in RFC 3339.
const timeAndHost = `^<(\d{1,3})>(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 1-3]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) [!-~]+ `

// header is what stands before the record: priority, time and host.
var header = regexp.MustCompile(timeAndHost)

// key is what a key may be made of.
var key = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// ParseCEF reads a message of ArcSight's Common Event Format behind a syslog header. Everything that the format doesn't
// define, such as an unknown escape or a key that comes twice, is an error.
func ParseCEF(message []byte) (Record, error) {
	rest, err := behindHeader(string(message), "CEF:0|")
	if err != nil {
		return Record{}, err
	}
	var parts []string
	for range 6 {
		at := unescaped(rest, '|')
		if at < 0 {
			return Record{}, errors.New("the header has fewer than 7 fields")
		}
		part, err := unescape(rest[:at], `\|`, "")
		if err != nil {
			return Record{}, err
		}
		parts, rest = append(parts, part), rest[at+1:]
	}
	r := Record{Class: parts[3], Name: parts[4], Fields: map[string]string{}}
	if r.Severity, err = strconv.Atoi(parts[5]); err != nil || r.Severity < 0 || r.Severity > 10 || parts[0] == "" || r.Class == "" {
		return Record{}, fmt.Errorf("bad header %q", parts)
	}
	return r, r.extension(rest)
}

// extension reads the pairs of a CEF message: a value goes on to the space before the next key.
func (r *Record) extension(rest string) (err error) {
	for rest != "" {
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			return fmt.Errorf("no key at %.40q", rest)
		}
		rest = ""
		if next := unescaped(value, '='); next >= 0 {
			space := strings.LastIndexByte(value[:next], ' ')
			if space < 0 {
				return fmt.Errorf("an unescaped = in the value of %s", name)
			}
			value, rest = value[:space], value[space+1:]
		}
		if name == "cs6" {
			value = unpaired(value)
			err = harmless(value)
		} else {
			value, err = unescape(value, `\=`, "nr")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := r.add(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (r *Record) add(name, value string) error {
	if _, twice := r.Fields[name]; twice || !key.MatchString(name) {
		return fmt.Errorf("key %q comes twice or is none", name)
	}
	r.Fields[name] = value
	return nil
}

// ParseLEEF reads a message of QRadar's Log Event Extended Format 2.0 behind a syslog header. The escapes \u005e that
// riskrelay writes where the format has none are undone, but in the attribute "event", which is JSON.
func ParseLEEF(message []byte) (Record, error) {
	rest, err := behindHeader(string(message), "LEEF:2.0|")
	if err != nil {
		return Record{}, err
	}
	parts := strings.SplitN(rest, "|", 6)
	if len(parts) != 6 || parts[0] == "" || parts[3] == "" {
		return Record{}, fmt.Errorf("bad header in %.100q", rest)
	}
	delimiter := parts[4]
	if delimiter == "" {
		delimiter = "\t"
	}
	if strings.Contains(parts[5], "|") {
		return Record{}, fmt.Errorf("a | behind the header: %.100q", parts[5])
	}
	if len(delimiter) != 1 {
		return Record{}, fmt.Errorf("the delimiter is %q", delimiter)
	}
	r := Record{Class: parts[3], Fields: map[string]string{}}
	for pair := range strings.SplitSeq(parts[5], delimiter) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return Record{}, fmt.Errorf("no attribute: %.40q", pair)
		}
		if name != "event" {
			value = plain(value)
		} else if err := harmless(value); err != nil {
			return Record{}, fmt.Errorf("event: %w", err)
		}
		if err := r.add(name, value); err != nil {
			return Record{}, err
		}
	}
	if r.Severity, err = strconv.Atoi(r.Fields["sev"]); err != nil || r.Severity < 1 || r.Severity > 10 {
		return Record{}, fmt.Errorf("sev is %q, want 1 to 10", r.Fields["sev"])
	}
	return r, nil
}

// unpaired is JSON whose backslashes are written in pairs, as some receivers want them, with one for each; other JSON as it is.
func unpaired(value string) string {
	if strings.Contains(strings.ReplaceAll(value, `\\`, ""), `\`) {
		return value
	}
	return strings.ReplaceAll(value, `\\`, `\`)
}

// escape is a character as JSON escapes it.
var escape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// harmless says which character of JSON a reader could take for an escape of CEF or LEEF, or for the end of a value.
func harmless(value string) error {
	rest := escape.ReplaceAllString(value, "")
	if at := strings.IndexAny(rest, `\=|`); at >= 0 {
		return fmt.Errorf("%c in JSON: %.100q", rest[at], value)
	}
	return nil
}

func plain(value string) string {
	return escape.ReplaceAllStringFunc(value, func(found string) string {
		code, err := strconv.ParseUint(found[2:], 16, 16)
		if err != nil {
			return found
		}
		return string(rune(code))
	})
}

func behindHeader(message, format string) (string, error) {
	at := header.FindStringSubmatchIndex(message)
	if at == nil || !strings.HasPrefix(message[at[1]:], format) {
		return "", fmt.Errorf("no syslog header with %s behind it", format)
	}
	if priority, err := strconv.Atoi(message[at[2]:at[3]]); err != nil || priority > 191 {
		return "", errors.New("priority above 191")
	}
	return message[at[1]+len(format):], nil
}

// unescaped is where the first c stands that no backslash escapes, -1 if none does.
func unescaped(text string, c byte) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return -1
}

// unescape undoes escapes of the characters in signs, which stand for themselves, and of the letters in breaks, which
// stand for line breaks.
func unescape(text, signs, breaks string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < ' ' || c == 0x7f {
			return "", fmt.Errorf("control character in %.40q", text)
		}
		if c != '\\' {
			out.WriteByte(c)
			continue
		}
		if i++; i == len(text) {
			return "", fmt.Errorf("%.40q ends inside an escape", text)
		}
		switch c := text[i]; {
		case strings.IndexByte(signs, c) >= 0:
			out.WriteByte(c)
		case c == 'n' && breaks != "":
			out.WriteByte('\n')
		case c == 'r' && breaks != "":
			out.WriteByte('\r')
		default:
			return "", fmt.Errorf("unknown escape \\%c", c)
		}
	}
	return out.String(), nil
}
