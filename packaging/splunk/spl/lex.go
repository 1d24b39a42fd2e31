package spl

import (
	"fmt"
	"strings"
)

// kind is what a token is.
type kind int

const (
	end kind = iota
	word
	text   // "in double quotes"
	field  // 'in single quotes'
	symbol // an operator or a bracket
)

type token struct {
	kind kind
	text string
}

// tokens cuts a text. A word ends at a blank or at one of the stops, which are tokens of their own; the longest stop wins.
func tokens(source string, stops []string) (all []token, err error) {
	for i := 0; i < len(source); {
		c := source[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '"' || c == '\'':
			value, size, err := quoted(source[i:])
			if err != nil {
				return nil, err
			}
			t := token{text, value}
			if c == '\'' {
				t.kind = field
			}
			all, i = append(all, t), i+size
		case stopAt(source[i:], stops) != "":
			s := stopAt(source[i:], stops)
			all, i = append(all, token{symbol, s}), i+len(s)
		default:
			from := i
			for i < len(source) && !strings.ContainsRune(" \t\n\"'", rune(source[i])) && stopAt(source[i:], stops) == "" {
				i++
			}
			all = append(all, token{word, source[from:i]})
		}
	}
	return all, nil
}

func stopAt(source string, stops []string) (longest string) {
	for _, s := range stops {
		if strings.HasPrefix(source, s) && len(s) > len(longest) {
			longest = s
		}
	}
	return longest
}

// quoted reads a quoted text. A backslash escapes the quote and itself, and stands for itself before anything else.
func quoted(source string) (value string, size int, err error) {
	var out strings.Builder
	for i := 1; i < len(source); i++ {
		switch {
		case source[i] == source[0]:
			return out.String(), i + 1, nil
		case source[i] == '\\' && i+1 < len(source) && (source[i+1] == source[0] || source[i+1] == '\\'):
			i++
		}
		out.WriteByte(source[i])
	}
	return "", 0, fmt.Errorf("a quote isn't closed: %.40s", source)
}

// reader reads tokens one by one.
type reader struct {
	tokens []token
	at     int
}

func (r *reader) peek() token {
	if r.at >= len(r.tokens) {
		return token{}
	}
	return r.tokens[r.at]
}

func (r *reader) next() token {
	t := r.peek()
	r.at++
	return t
}

// take reads the next token if it is this symbol, or this word in any case of letters.
func (r *reader) take(what string) bool {
	if t := r.peek(); (t.kind == symbol && t.text == what) || (t.kind == word && strings.EqualFold(t.text, what)) {
		r.at++
		return true
	}
	return false
}

func (r *reader) want(what string) error {
	if !r.take(what) {
		return fmt.Errorf("want %s, have %q", what, r.peek().text)
	}
	return nil
}

// name reads a field's name.
func (r *reader) name() (string, error) {
	if t := r.next(); t.kind == word || t.kind == field || t.kind == text {
		return t.text, nil
	}
	return "", fmt.Errorf("want a field's name, have %q", r.tokens[min(r.at, len(r.tokens))-1].text)
}
