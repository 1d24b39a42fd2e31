package enrich

import "strings"

// nothings are the words that tools write for an absent value when they know only texts: `az monitor log-analytics query` writes
// None, JavaScript and jq write null and undefined, Go <nil>, Entra's own exports N/A.
var nothings = [...]string{
	"none", "null", "nil", "n/a", "undefined", "(none)", "(null)", "<none>", "<null>", "<nil>",
}

// IsNothing reports whether a text stands for nothing: one of those words in any case, a dash, nan as pandas writes it (but not the
// first name Nan), the empty GUID that services use where they need an id, or white space alone.
func IsNothing(text string) bool {
	switch text = strings.TrimSpace(text); text {
	case "", "-", "--", "–", "—", "nan", "NaN":
		return true
	}
	const zeros = 32 // of a GUID
	if text[0] == '0' || text[0] == '{' {
		return strings.Trim(text, "{}0-") == "" && strings.Count(text, "0") == zeros
	}
	for _, word := range nothings {
		if len(text) == len(word) && strings.EqualFold(text, word) {
			return true
		}
	}
	return false
}
