package celrule

import (
	"slices"
	"strings"
	"unicode"
)

// maxNameLength bounds what looksLike compares: its price grows with the square of it.
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

// within reports whether few letters differ: none for names under 5 letters, one for names under 10, else two.
func within(a, b []rune) bool {
	allowed := 0
	switch shorter := min(len(a), len(b)); {
	case shorter >= 10:
		allowed = 2
	case shorter >= 5:
		allowed = 1
	}
	return allowed > 0 && distance(a, b, allowed) <= allowed
}

// distance is the number of letters to insert, delete, replace or swap with the next; more than limit when it is over.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, this := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		this[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			this[j] = min(last[j]+1, this[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				this[j] = min(this[j], before[j-2]+1)
			}
		}
		if slices.Min(this) > limit {
			return limit + 1 // it never gets less
		}
		before, last, this = last, this, before
	}
	return last[len(b)]
}

// skeleton replaces characters that look alike by one of them, and leaves out what can't be seen. It knows the
// commonest of https://www.unicode.org/reports/tr39/
func skeleton(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) {
			return -1
		}
		if to, ok := lookalikes(r); ok {
			return to
		}
		return r
	}, s)
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(s)
}

func lookalikes(r rune) (rune, bool) {
	const from, to = "01іıӏ|5$аесорхуѕјԁԛԝһкмтвнοαερτυνικ", "oiiiii" + "ssaecopxysjdqwhkmtbhoaeptuvik"
	letters := []rune(from)
	for i := range letters {
		if letters[i] == r {
			return rune(to[i]), true
		}
	}
	if r == 'l' {
		return 'i', true
	}
	return r, false
}
