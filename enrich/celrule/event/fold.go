package event

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold makes spellings of one operation alike: dashes of all kinds become "-", runs of white space one space, letters
// lower case; white space around the text and periods at its end go. Entra ID writes "Update application – Certificates
// and secrets management " with an en dash and a space at the end, the unified audit log a period at the end of
// each operation.
func Fold(s string) string {
	if isFolded(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range strings.ToLower(s) {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case isDash(r):
			r = '-'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " .")
}

// isFolded is the fast way out for texts in which nothing changes.
func isFolded(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 || c >= 'A' && c <= 'Z' || c < ' ' {
			return false
		}
		if c == ' ' && (i == 0 || s[i-1] == ' ') {
			return false
		}
	}
	return s == "" || s[len(s)-1] != ' ' && s[len(s)-1] != '.'
}

// isDash knows the characters that people and programs write for a hyphen (Unicode category Pd, and the minus sign).
func isDash(r rune) bool { return unicode.Is(unicode.Pd, r) || r == '\u2212' }

// isGUID reports whether s has the form of RFC 9562, without braces.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// lastGUID is the last GUID in s in lower case, "" when there is none.
func lastGUID(s string) string {
	for i := len(s) - 36; i >= 0; i-- {
		if isGUID(s[i : i+36]) {
			return strings.ToLower(s[i : i+36])
		}
	}
	return ""
}

// IsASCII reports whether text is ASCII alone, eight bytes at a time: it is asked for whole rows.
func IsASCII(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
	}
	return !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
}

// NonEmpty are the texts without those that are empty.
func NonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}
