package celrule

import (
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// oneLine replaces what would break a line, command a terminal, or turn the direction of the text around it.
// https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if enrich.Hidden(r) || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, s))
}

// cutText shortens s to about n bytes, at the end of a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// maxValue bounds one value that is shown.
const maxValue = 200
