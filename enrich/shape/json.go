package shape

import (
	"bytes"

	"github.com/riskrelay/riskrelay/enrich"
)

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func skipSpace(d []byte, i int) int {
	for i < len(d) && space(d[i]) {
		i++
	}
	return i
}

// isNumber reports whether text is a number as JSON writes it.
func isNumber(text []byte) bool {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	end, err := enrich.ScanValue(text, 0)
	return err == nil && end == len(text)
}

// inside is the value at a path in a JSON object, nil when there is none.
func inside(value []byte, path []string) []byte {
	for _, name := range path {
		if value = memberOf(value, name); value == nil {
			return nil
		}
	}
	return value
}

// memberOf is the value of a member of valid JSON, nil when it is no object or has no such member.
func memberOf(object []byte, name string) (found []byte) {
	i := skipSpace(object, 0)
	if i >= len(object) || object[i] != '{' {
		return nil
	}
	for i++; ; i++ {
		start := skipSpace(object, i)
		end, err := enrich.ScanValue(object, start)
		if err != nil {
			return found // the object's end
		}
		key, _ := enrich.Unquote(object[start:end])
		start = skipSpace(object, skipSpace(object, end)+1)
		if end, err = enrich.ScanValue(object, start); err != nil {
			return found
		}
		if string(key) == name {
			found = object[start:end]
		}
		if i = skipSpace(object, end); i >= len(object) || object[i] != ',' {
			return found
		}
	}
}

// appendOnOneLine appends valid JSON, whose line breaks can only be white space.
func appendOnOneLine(dst, value []byte) []byte {
	start := len(dst)
	dst = append(dst, value...)
	for i, c := range dst[start:] {
		if c == '\n' || c == '\r' {
			dst[start+i] = ' '
		}
	}
	return dst
}

// appendQuoted appends text, which must be UTF-8, as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i, c := range text {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch c {
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '"', '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, text[start:]...), '"')
}

// mask makes null of the texts that members called name hold, at any depth of valid JSON.
func mask(value []byte, name string) {
	quoted := enrich.AppendString(nil, name)
	for at := bytes.Index(value, quoted); at >= 0; at = bytes.Index(value, quoted) {
		value = value[at+len(quoted):]
		start := skipSpace(value, 0)
		if start >= len(value) || value[start] != ':' {
			continue // a value, not a name
		}
		start = skipSpace(value, start+1)
		if start >= len(value) || value[start] != '"' {
			continue
		}
		end, err := enrich.ScanValue(value, start)
		if err != nil {
			return
		}
		for i := start; i < end; i++ {
			value[i] = ' '
		}
		if end-start >= len("null") {
			copy(value[start:], "null")
		} else {
			value[start], value[end-1] = '"', '"'
		}
		value = value[end:]
	}
}
