package event

import (
	"math/bits"
	"strings"
	"unicode"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/unicode/norm"
)

// maxNameLength bounds what looksLike compares: its price grows with it.
const maxNameLength = 256

// looksLike reports whether name is close to one of the names but none of them: a letter or two differ, or only
// characters that look alike.
func looksLike(name string, names []string) bool {
	a := foldName(name)
	if a == "" || len(a) > maxNameLength {
		return false
	}
	close := false
	for _, n := range names {
		b := foldName(n)
		if a == b {
			return false
		}
		if b == "" || len(b) > maxNameLength {
			continue
		}
		close = close || skeleton(a) == skeleton(b) || within([]rune(a), []rune(b))
	}
	return close
}

func foldName(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// allowedLetters is how many letters may differ: none for names under 5 letters, one for names under 10, else two.
func allowedLetters(a, b []rune) int {
	switch shorter := min(len(a), len(b)); {
	case shorter >= 10:
		return 2
	case shorter >= 5:
		return 1
	}
	return 0
}

// within reports whether few letters differ.
func within(a, b []rune) bool {
	allowed := allowedLetters(a, b)
	return allowed > 0 && distance(a, b, allowed) <= allowed
}

// letterSet has a bit for each letter of a name; letters share the 64 bits.
func letterSet(name []rune) (set uint64) {
	for _, r := range name {
		set |= 1 << (uint32(r) % 64)
	}
	return set
}

// mayBeNear is a cheap test that holds for all names that are within: a letter that is replaced changes two bits at most.
func mayBeNear(a, b []rune, lettersA, lettersB uint64) bool {
	allowed := allowedLetters(a, b)
	return allowed > 0 && max(len(a)-len(b), len(b)-len(a)) <= allowed && bits.OnesCount64(lettersA^lettersB) <= 2*allowed
}

// distance is the number of letters to insert, delete, replace or swap with the next; more than limit when it is over.
// Only places at most limit apart are looked at, since the way to others is longer already.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, this := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		before[j], last[j], this[j] = limit+1, j, limit+1
	}
	for i := 1; i <= len(a); i++ {
		from, to := max(1, i-limit), min(len(b), i+limit)
		if this[from-1] = limit + 1; from == 1 {
			this[0] = i
		}
		if to < len(b) {
			this[to+1] = limit + 1
		}
		if distanceRow(a, b, i, from, to, before, last, this) > limit {
			return limit + 1 // it never gets less
		}
		before, last, this = last, this, before
	}
	return last[len(b)]
}

// distanceRow fills row i of the table of distances from one column to another, and returns the least in it.
func distanceRow(a, b []rune, i, from, to int, before, last, this []int) int {
	least := this[from-1]
	for j := from; j <= to; j++ {
		cost := 1
		if a[i-1] == b[j-1] {
			cost = 0
		}
		this[j] = min(last[j]+1, this[j-1]+1, last[j-1]+cost)
		if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
			this[j] = min(this[j], before[j-2]+1)
		}
		least = min(least, this[j])
	}
	return least
}

// nameWords are the words of a display name: lower case, cut where there is neither letter nor digit, without digits at
// their ends, so that "Test-App_02" is test and app. What is only digits is no word.
func nameWords(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	for i, w := range words {
		words[i] = strings.TrimRightFunc(w, unicode.IsDigit)
	}
	return NonEmpty(words...)
}

// skeleton writes one letter for all that look alike, in lower case, and leaves out what can't be seen, so that names that
// look alike have the same.
func skeleton(s string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(norm.NFKC.String(s)) { // wide letters and such are the plain ones
		if !unicode.Is(unicode.Cf, r) && !unicode.IsSpace(r) {
			out.WriteString(looksAs(r))
		}
	}
	return strings.NewReplacer("rn", "m", "vv", "w", "i", "l", "5", "s", "$", "s").Replace(out.String())
}

// looksAs are the Latin letters in lower case that r, or else its capital, looks like, by https://www.unicode.org/reports/tr39/;
// r itself when there are none. What is above or below a letter doesn't count.
func looksAs(r rune) string {
	for _, form := range []rune{r, unicode.ToUpper(r)} {
		like := strings.ToLower(strings.Map(withoutMarks, confusable.GetReplacement(form)))
		if like != "" && strings.IndexFunc(like, isNotASCII) < 0 {
			return like
		}
	}
	return string(r)
}

func withoutMarks(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

func isNotASCII(r rune) bool { return r > unicode.MaxASCII }
