package secret

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// form is one way in which a secret is written.
type form struct {
	text string
	// inside says that it is the middle of something in base64, whose neighbours on both sides hold bits of the secret too.
	inside bool
}

// forms are the ways in which a secret is written, escapes aside.
func forms(secret string) []form {
	all := []form{{text: secret}}
	for offset := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + secret))
			// Three bytes are four characters. The first ones hold bits of what stands before the secret, and the last one
			// holds some of what follows unless the bytes end with it.
			text = text[(offset*8+5)/6:]
			if (offset+len(secret))%3 != 0 {
				text = text[:len(text)-1]
			}
			if f := (form{text, true}); !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	return all
}

// index finds secrets in texts.
type index struct{ by [256][]form } // by their first byte, the longest first

func newIndex(secrets []string) *index {
	x := new(index)
	for _, s := range secrets {
		for _, f := range forms(s) {
			x.by[f.text[0]] = append(x.by[f.text[0]], f)
		}
	}
	for _, list := range x.by {
		slices.SortFunc(list, func(a, b form) int { return cmp.Compare(len(b.text), len(a.text)) })
	}
	return x
}

func (x *index) clean(text string) string {
	var out strings.Builder
	r := newReading(text)
	kept := 0 // what is before was written
	for at := 0; at < len(text); {
		if r.size() > maxKnown {
			r = newReading(text)
		}
		from, to, found := x.find(r, at)
		if !found {
			at++
			continue
		}
		out.WriteString(text[kept:max(from, kept)])
		out.WriteString(Mask)
		at, kept = to, to
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// find looks for a secret that begins at a place.
func (x *index) find(r *reading, at int) (from, to int, found bool) {
	if plain(r.text[at]) && at+1 < len(r.text) && plain(r.text[at+1]) && !x.begins(r.text[at], r.text[at+1]) {
		return 0, 0, false // as nearly everywhere
	}
	for _, u := range r.units(at, layers) {
		for _, f := range x.by[u.text[0]] {
			end := r.match(f.text, at)
			switch {
			case end < 0:
			case f.inside:
				from, to = widen(r.text, at, end)
				return from, to, true
			default:
				return at, end, true
			}
		}
	}
	return 0, 0, false
}

// begins reports whether a form begins with two bytes.
func (x *index) begins(first, second byte) bool {
	for _, f := range x.by[first] {
		if f.text[1] == second {
			return true
		}
	}
	return false
}

// widen adds the neighbours that hold bits of a secret in base64, and the padding.
func widen(text string, from, to int) (int, int) {
	if from > 0 && inBase64(text[from-1]) {
		from--
	}
	if to < len(text) && inBase64(text[to]) {
		to++
	}
	for range 2 {
		if to < len(text) && text[to] == '=' {
			to++
		}
	}
	return from, to
}

func inBase64(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}

// leastCut is how many bytes of a secret must stand before a cut to be taken for it.
const leastCut = 6

// cut reports whether a text was cut off at a place, or inside an escape that begins there.
func cut(text string, at int) bool {
	rest := text[at:]
	if rest != "" && strings.IndexByte(`%\&`, rest[0]) >= 0 {
		rest = strings.TrimLeft(rest, `%\&#0123456789abcdefABCDEFux`)
	}
	return rest == "" || strings.HasPrefix(rest, "...") || strings.HasPrefix(rest, "…")
}

// match returns where the form ends that begins at a place of the text, -1 when none does. A place may be read in several ways,
// as "%25" is three characters or the one that they stand for, so that all are followed, each place of both once.
func (r *reading) match(form string, at int) (end int) {
	type state struct{ form, text int }
	end = -1
	open := []state{{0, at}}
	var seen map[state]bool // nil as long as there was one way only
	for len(open) > 0 {
		s := open[len(open)-1]
		open = open[:len(open)-1]
		if s.form == len(form) || s.form >= leastCut && cut(r.text, s.text) {
			end = max(end, s.text)
		}
		if s.form == len(form) {
			continue
		} // else what looks cut off inside an escape may be the rest of the secret, when all of it is escapes
		ways := r.units(s.text, layers)
		if len(ways) > 1 && seen == nil {
			seen = map[state]bool{}
		}
		for _, u := range ways {
			next := state{s.form + len(u.text), u.end}
			if !strings.HasPrefix(form[s.form:], u.text) || seen[next] {
				continue
			}
			if seen != nil {
				seen[next] = true
			}
			open = append(open, next)
		}
	}
	return end
}
