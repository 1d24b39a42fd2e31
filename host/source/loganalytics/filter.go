package loganalytics

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FilterError says where a filter isn't a condition.
type FilterError struct {
	At     int // byte offset in the filter
	Width  int // bytes that are wrong
	Reason string
	filter string
}

// Error is the reason and the place, counted in characters from 1.
func (e *FilterError) Error() string {
	return fmt.Sprintf("%s (character %d)", e.Reason, utf8.RuneCountInString(e.filter[:e.At])+1)
}

// Filter is a KQL condition, as behind "where"; "" for none.
type Filter string

// Check refuses conditions that could leave the parentheses that the query puts around them, or that the service reads as
// something that is never true: rows would be missing without anybody noticing. It reads literals and brackets as Kusto does
// and judges nothing else: what the service can't read it refuses by itself. The error is a *FilterError.
// https://learn.microsoft.com/kusto/query/scalar-data-types/
func (f Filter) Check() error {
	text := string(f)
	if text == "" {
		return nil
	}
	s := filterScan{text: text}
	if err := s.oneLine(); err != nil {
		return err
	}
	for s.at < len(text) {
		if err := s.next(); err != nil {
			return err
		}
	}
	return s.end()
}

// filterScan reads a filter token by token.
type filterScan struct {
	text string
	at   int
	open []int // where the brackets are that aren't closed yet
	some bool  // there was a token
}

// wrong is an error about width bytes at.
func (s *filterScan) wrong(at, width int, format string, args ...any) error {
	return &FilterError{At: at, Width: width, Reason: fmt.Sprintf(format, args...), filter: s.text}
}

// oneLine refuses what ends a line, or may be taken for it, wherever it stands.
func (s *filterScan) oneLine() error {
	for at, r := range s.text {
		if r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return s.wrong(at, utf8.RuneLen(r), "must be one line, but has U+%04X", r)
		}
	}
	return nil
}

func (s *filterScan) end() error {
	if n := len(s.open); n > 0 {
		bracket := s.text[s.open[n-1]]
		return s.wrong(s.open[n-1], 1, "has a '%c' without '%c'", bracket, closing(bracket))
	}
	if !s.some {
		return s.wrong(0, len(s.text), "is blank: leave it out, or give a condition")
	}
	return nil
}

func closing(bracket byte) byte {
	switch bracket {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

func opening(bracket byte) byte {
	switch bracket {
	case ')':
		return '('
	case ']':
		return '['
	}
	return '{'
}

// next reads a token.
func (s *filterScan) next() error {
	c, rest := s.text[s.at], s.text[s.at:]
	if c == ' ' || c == '\t' {
		s.at++
		return nil
	}
	s.some = true
	switch {
	case c == '"' || c == '\'':
		return s.literal(s.at, false)
	case c == '@' && len(rest) > 1 && (rest[1] == '"' || rest[1] == '\''):
		s.at++
		return s.literal(s.at-1, true)
	case c == '_' || c == '$' || isLetter(c) || isDigit(c):
		return s.word()
	case strings.IndexByte("([{", c) >= 0:
		s.open = append(s.open, s.at)
		s.at++
		return nil
	case strings.IndexByte(")]}", c) >= 0:
		return s.close(c)
	}
	return s.punctuation(c, rest)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func (s *filterScan) close(c byte) error {
	n := len(s.open)
	if n == 0 || s.text[s.open[n-1]] != opening(c) {
		return s.wrong(s.at, 1, "has a '%c' without '%c'", c, opening(c))
	}
	s.open = s.open[:n-1]
	s.at++
	return nil
}

// punctuation reads an operator, and refuses what begins another part of the query or swallows the rest of the line.
func (s *filterScan) punctuation(c byte, rest string) error {
	switch {
	case c == '|' || c == ';':
		return s.wrong(s.at, 1, "has %q: only a condition is allowed, as behind \"where\"", string(c))
	case strings.HasPrefix(rest, "//"):
		return s.wrong(s.at, len(rest), "has a comment")
	case c == '#':
		return s.wrong(s.at, 1, "has a '#', which makes the rest of the line a directive")
	case c == '`' || strings.HasPrefix(rest, "~~~"):
		return s.wrong(s.at, min(3, len(rest)), `has a multi-line string: write @"..", it has one line`)
	case c >= utf8.RuneSelf:
		r, size := utf8.DecodeRuneInString(rest)
		return s.wrong(s.at, size, "has U+%04X outside of a string", r)
	}
	s.at++
	return nil
}

// literal reads a string whose opening quote is at s.at. In a verbatim one a backslash is a backslash, and a doubled quote
// is a quote. https://learn.microsoft.com/kusto/query/scalar-data-types/string
func (s *filterScan) literal(start int, verbatim bool) error {
	quote := s.text[s.at]
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\' && !verbatim:
			size := escape(s.text[s.at:])
			if size == 0 {
				return s.wrong(s.at, min(2, len(s.text)-s.at), `has an escape in a string that KQL doesn't know: write \\ for a backslash, or the string as @".."`)
			}
			s.at += size - 1
		case c == quote && verbatim && strings.HasPrefix(s.text[s.at+1:], string(quote)):
			s.at++
		case c == quote:
			s.at++
			return nil
		}
	}
	return s.wrong(start, len(s.text)-start, "has a string that doesn't end")
}

// escape is how many bytes the escape has that begins text; 0 when there is none that KQL knows.
func escape(text string) int {
	if len(text) < 2 {
		return 0
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[1]]
	switch {
	case strings.IndexByte(`\'"abfnrtv01234567`, text[1]) >= 0:
		return 2 // the further digits of an octal code read like any other text
	case digits == 0 || len(text) < 2+digits:
		return 0
	}
	if strings.Trim(text[2:2+digits], "0123456789abcdefABCDEF") != "" {
		return 0
	}
	return 2 + digits
}

// word reads a name, a keyword or a number, with the literal that follows the name of a type.
func (s *filterScan) word() error {
	start := s.at
	for s.at < len(s.text) && (s.text[s.at] == '_' || s.text[s.at] == '$' || isLetter(s.text[s.at]) || isDigit(s.text[s.at])) {
		s.at++
	}
	word := s.text[start:s.at]
	switch {
	case !strings.HasPrefix(s.text[s.at:], "("):
		return nil
	case isDigit(word[0]): // it could end in the name of a type
		return s.wrong(start, len(word), "has a number before a '('")
	case !isTyped(word):
		return nil
	}
	end := strings.IndexByte(s.text[s.at:], ')')
	if end < 0 {
		return s.wrong(s.at, 1, "has a '(' without ')'")
	}
	content := s.text[s.at+1 : s.at+end]
	if value, ok := unquoted(content); !ok {
		return s.wrong(start, len(word)+end+1, "has %s(..) around something else than a value: it ends at the first ')', even in quotes. To convert a text, use to%s(..)", word, word)
	} else if problem := checkValue(word, value); problem != "" {
		return s.wrong(start, len(word)+end+1, "%s", problem)
	}
	s.at += end + 1
	return nil
}

// isTyped reports whether what is between the parentheses behind a word is a literal of its own, up to the first ')'. dynamic isn't
// here: what it holds is read as tokens. https://learn.microsoft.com/kusto/query/scalar-data-types/
func isTyped(word string) bool {
	switch word {
	case "bool", "boolean", "date", "datetime", "decimal", "double", "guid", "int", "int32", "int64", "long", "real", "time", "timespan", "uniqueid", "uuid":
		return true
	}
	return false
}

// unquoted is what a typed literal holds, without the quotes around all of it. It isn't ok when quotes or brackets are in it: they could
// be read in two ways.
func unquoted(content string) (value string, ok bool) {
	value = strings.TrimSpace(content)
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return value, !strings.ContainsAny(value, "\"'`()[]{}|;#\\") && !strings.Contains(value, "//") && !strings.Contains(value, "~~~")
}
