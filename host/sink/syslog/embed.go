package syslog

import "bytes"

// embed rewrites the JSON at out[from:], which has no control characters, so that it can be a value of CEF and of LEEF: what either
// escapes, and the delimiter, becomes an escape of JSON (RFC 8259, 7). So '\\' stands before a 'u' only, and '=' and '|' stand nowhere.
// Readers that undo a format's escapes, that don't, and that undo them in the wrong order all find the same JSON.
func embed(out []byte, from int, delimiter byte) []byte {
	at := bytes.IndexFunc(out[from:], func(r rune) bool { return r == '\\' || r == '=' || r == '|' || r == rune(delimiter) })
	if at < 0 {
		return out
	}
	at += from
	rest := bytes.Clone(out[at:])
	out = out[:at]
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest):
			i++
			out = appendEscaped(out, rest[i])
		case c == '=' || c == '|' || c == delimiter:
			out = appendEscape(out, rune(c))
		default:
			out = append(out, c)
		}
	}
	return out
}

// appendEscaped appends what stands behind a backslash in JSON, without that pair.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case 'u':
		return append(dst, '\\', 'u')
	case '/':
		return append(dst, '/')
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	}
	return appendEscape(dst, rune(c))
}

// appendEscape appends r, which has at most 16 bits, as an escape of JSON.
func appendEscape(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
