package secret

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// layers is how many encodings on top of each other are seen through: a log line in JSON may hold a page in JSON that holds
// a percent-encoded form.
const layers = 3

// unit is one way to read what stands at a place of a text.
type unit struct {
	text string // what it stands for, never empty
	end  int    // where it ends
}

// plain reports whether no encoding begins with a byte.
func plain(c byte) bool { return c != '%' && c != '\\' && c != '&' && c != '+' }

// reading is a text that is read, with what was found at each place for each number of layers.
type reading struct {
	text  string
	known [layers + 1]map[int][]unit // of places with an encoding only
}

func newReading(text string) *reading {
	r := &reading{text: text}
	for i := range r.known {
		r.known[i] = map[int][]unit{}
	}
	return r
}

// maxKnown bounds what is kept of a text that consists of escapes.
const maxKnown = 16 << 10

func (r *reading) size() int { return len(r.known[layers]) }

// units are the ways to read what stands at a place, the one without any encoding first.
func (r *reading) units(at, layers int) []unit {
	if at >= len(r.text) {
		return nil
	}
	if layers == 0 || strings.IndexByte(`%\&+`, r.text[at]) < 0 {
		return []unit{{r.text[at : at+1], at + 1}}
	}
	if all, ok := r.known[layers][at]; ok {
		return all
	}
	all := slices.Clone(r.units(at, layers-1))
	for _, lead := range all { // which may be encoded itself
		for _, u := range r.encoded(lead, layers-1) {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	r.known[layers][at] = all
	return all
}

// encoded are the ways to read an encoding that begins with lead.
func (r *reading) encoded(lead unit, layers int) []unit {
	switch lead.text {
	case "+":
		return []unit{{" ", lead.end}} // forms in URLs
	case "%":
		return r.hexadecimal(lead.end, 2, layers)
	case `\`:
		return r.escaped(lead.end, layers)
	case "&":
		return r.entities(lead.end, layers)
	}
	return nil
}

// escapes are the escapes of one character in JSON (RFC 8259, 7) and Go.
const escapes = "\"\"\\\\//''n\nt\tr\rb\bf\fa\av\v"

// escaped reads what follows a backslash.
func (r *reading) escaped(at, layers int) (all []unit) {
	for _, u := range r.units(at, layers) {
		for i := 0; i < len(escapes); i += 2 {
			if u.text == escapes[i:i+1] {
				all = append(all, unit{escapes[i+1 : i+2], u.end})
			}
		}
		switch u.text {
		case "x":
			all = append(all, r.hexadecimal(u.end, 2, layers)...)
		case "u":
			all = append(all, r.characters(u.end, layers)...)
		}
	}
	return all
}

// hexadecimal reads a byte of so many hexadecimal digits.
func (r *reading) hexadecimal(at, digits, layers int) (all []unit) {
	for _, n := range r.numbers(at, digits, layers) {
		all = append(all, unit{string([]byte{byte(n.value)}), n.end})
	}
	return all
}

// number is a number and where it ends.
type number struct {
	value uint64
	end   int
}

// numbers reads a number of so many hexadecimal digits, each of which may be encoded itself.
func (r *reading) numbers(at, digits, layers int) []number {
	open := []number{{0, at}}
	for range digits {
		var next []number
		for _, n := range open {
			for _, u := range r.units(n.end, layers) {
				if value, err := strconv.ParseUint(u.text, 16, 8); err == nil && len(u.text) == 1 {
					next = append(next, number{n.value<<4 | value, u.end})
				}
			}
		}
		open = next
	}
	return open
}

// characters reads what follows \u: four digits, and where these are one half of a pair (RFC 8259, 7) the other half too.
func (r *reading) characters(at, layers int) (all []unit) {
	for _, first := range r.numbers(at, 4, layers) {
		half := rune(first.value)
		if !utf16.IsSurrogate(half) {
			all = append(all, unit{string(half), first.end})
			continue
		}
		for _, lead := range r.units(first.end, layers) {
			if lead.text != `\` || !strings.HasPrefix(r.text[lead.end:], "u") {
				continue
			}
			for _, second := range r.numbers(lead.end+1, 4, layers) {
				if pair := utf16.DecodeRune(half, rune(second.value)); pair != utf8.RuneError {
					all = append(all, unit{string(pair), second.end})
				}
			}
		}
	}
	return all
}

// nameOfEntity are the characters between & and ; of an entity.
const nameOfEntity = "#0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// longestEntity bounds what is looked at of &#x0000002F; and its like.
const longestEntity = 12

// entities read what HTML writes for a character behind an ampersand.
func (r *reading) entities(at, layers int) (all []unit) {
	open := []unit{{"&", at}}
	for range longestEntity {
		var next []unit
		for _, begun := range open {
			for _, u := range r.units(begun.end, layers) {
				name := begun.text + u.text
				switch read := html.UnescapeString(name); {
				case u.text == ";" && read != name && utf8.RuneCountInString(read) == 1:
					all = append(all, unit{read, u.end})
				case len(u.text) == 1 && strings.Contains(nameOfEntity, u.text):
					next = append(next, unit{name, u.end})
				}
			}
		}
		open = next
	}
	return all
}
