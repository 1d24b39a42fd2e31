package view

import (
	"strings"
	"unicode"
)

// Plain is a text of somebody else on one line, without what commands a terminal or turns the direction of what is around it.
// https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}
