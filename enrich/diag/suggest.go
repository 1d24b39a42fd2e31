package diag

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

// Misspelt is the word among the given ones that word is a misspelling of: one that differs only in case, or is [Near]; "" for
// none.
func Misspelt(word string, among []string) string {
	for _, candidate := range among {
		if strings.EqualFold(word, candidate) && word != candidate {
			return candidate
		}
	}
	return Near(word, among)
}

// Near returns the word among the given ones that word is probably a misspelling of, or "" when it is one of them apart
// from case, or near none. It is stricter than [Suggest], for names that may well be right though nobody knows them: one
// letter may differ, two in a word of six and more, three in one of twenty and more.
func Near(word string, among []string) string {
	limit := 0
	switch length := len(word); {
	case length >= 20:
		limit = 3
	case length >= 6:
		limit = 2
	case length >= 4:
		limit = 1
	}
	best := ""
	for _, candidate := range among {
		distance := levenshtein.Distance(strings.ToLower(word), strings.ToLower(candidate), nil)
		if distance == 0 {
			return ""
		}
		if distance <= limit {
			best, limit = candidate, distance-1
		}
	}
	return best
}
