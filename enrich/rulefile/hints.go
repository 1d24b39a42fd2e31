package rulefile

import (
	"iter"
	"slices"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// maxNear is how many names of a set are compared with all others for a suggestion.
const maxNear = 20

// hints make suggestions from the names of a set, which may be many: for the first few only, so that what they cost
// doesn't grow with the square of the set.
type hints struct{ asked int }

// suggest is didYouMean among the given names, whose order doesn't matter; "" after the first few.
func (n *hints) suggest(word string, among iter.Seq[string]) string {
	if n.asked++; n.asked > maxNear {
		return ""
	}
	return didYouMean(word, slices.Sorted(among))
}

func didYouMean(word string, among []string) string {
	if s := diag.Suggest(word, among); s != "" {
		return "did you mean `" + s + "`?"
	}
	return ""
}
