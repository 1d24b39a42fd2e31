package rulefile

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest returns the word among the given ones that is nearest to word, or "" when none is near: at most a third of
// its letters may differ, or two in a word of four or five, so that swapped letters count. Case doesn't.
func Suggest(word string, among []string) string {
	best, nearest := "", len(word)/3+1
	for _, candidate := range among {
		distance := levenshtein.Distance(strings.ToLower(word), strings.ToLower(candidate), nil)
		if distance < nearest || distance == nearest && best == "" && len(word) > 3 && distance <= 2 {
			best, nearest = candidate, distance
		}
	}
	return best
}

func didYouMean(word string, among []string) string {
	if s := Suggest(word, among); s != "" {
		return "did you mean `" + s + "`?"
	}
	return ""
}
