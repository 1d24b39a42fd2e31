package enrich

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Hidden reports whether a character isn't one to look at: it commands a terminal, ends a line, turns the direction of the
// text around it, or can't be seen at all, so that people would read something else than what is there. White space and
// what joins letters aren't hidden, but for the line ends of Unicode.
// https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
func Hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r == '\u2028' || r == '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !unicode.In(r, unicode.Join_Control, unicode.Prepended_Concatenation_Mark)
}

// AppendVisible appends text with its hidden characters as JSON writes them, such as \u202e, and U+FFFD for what isn't UTF-8.
// What it makes of a JSON document means the same.
func AppendVisible(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case !Hidden(r):
			dst = append(dst, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = appendEscape(appendEscape(dst, high), low)
		default:
			dst = appendEscape(dst, r)
		}
		text = text[size:]
	}
	return dst
}

// Visible is AppendVisible for a text, which is returned as it is when nothing in it is hidden.
func Visible(text string) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, Hidden) {
		return text
	}
	return string(AppendVisible(nil, []byte(text)))
}

func appendEscape(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
