package kql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// tokenKind sorts tokens.
type tokenKind int

const (
	endToken tokenKind = iota
	nameToken
	quotedNameToken // ['name']
	numberToken
	spanToken    // 5m: a number with a unit
	stringToken  // text is the decoded value
	literalToken // datetime(...): text is the type, raw what is between the parentheses
	punctToken   // an operator or a bracket
)

type token struct {
	kind tokenKind
	text string
	raw  string
	at   int // byte offset in the query
	end  int
}

// SyntaxError says where a text stops being a query. The service calls it SYN0002.
type SyntaxError struct {
	Line, Pos int    // Line from 1, Pos in bytes from 0
	Token     string // what stands there
	Reason    string
}

// Error is worded like the service's answer.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("Query could not be parsed at '%s' on line [%d,%d]: %s", e.Token, e.Line, e.Pos, e.Reason)
}

func syntaxError(query string, at int, word, reason string) *SyntaxError {
	before := query[:min(at, len(query))]
	line := strings.Count(before, "\n")
	return &SyntaxError{line + 1, len(before) - (strings.LastIndexByte(before, '\n') + 1), word, reason}
}

// isLiteralType reports whether the parentheses behind a word hold a literal rather than expressions.
func isLiteralType(word string) bool {
	switch word {
	case "datetime", "timespan", "time", "dynamic", "guid", "long", "int", "real", "double", "bool", "decimal":
		return true
	}
	return false
}

type lexer struct {
	query  string
	at     int
	tokens []token
}

// lex cuts a query into tokens; the last one is an endToken.
func lex(query string) ([]token, error) {
	l := &lexer{query: query}
	for {
		l.skipSpace()
		if l.at >= len(query) {
			l.add(endToken, "", "", l.at)
			return l.tokens, nil
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
}

func (l *lexer) add(kind tokenKind, text, raw string, start int) {
	l.tokens = append(l.tokens, token{kind, text, raw, start, l.at})
}

func (l *lexer) peek(ahead int) byte {
	if l.at+ahead < len(l.query) {
		return l.query[l.at+ahead]
	}
	return 0
}

// skipSpace skips white space and // comments.
func (l *lexer) skipSpace() {
	for l.at < len(l.query) {
		switch c := l.query[l.at]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			l.at++
		case c == '/' && l.peek(1) == '/':
			for l.at < len(l.query) && l.query[l.at] != '\n' {
				l.at++
			}
		default:
			return
		}
	}
}

func isNameStart(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isNamePart(c byte) bool  { return isNameStart(c) || isDigit(c) }

func (l *lexer) next() error {
	start, c := l.at, l.query[l.at]
	switch {
	case isNameStart(c):
		return l.word(start)
	case isDigit(c):
		return l.number(start)
	case c == '"' || c == '\'':
		return l.text(start, false)
	case c == '@' && (l.peek(1) == '"' || l.peek(1) == '\''):
		l.at++
		return l.text(start, true)
	case c == '[' && (l.peek(1) == '"' || l.peek(1) == '\''):
		return l.quotedName(start)
	}
	return l.punct(start)
}

// word reads a name, the operator in~, or a literal such as datetime(...).
func (l *lexer) word(start int) error {
	for isNamePart(l.peek(0)) {
		l.at++
	}
	word := l.query[start:l.at]
	if word == "in" && l.peek(0) == '~' {
		l.at++
		l.add(punctToken, "in~", "", start)
		return nil
	}
	if !isLiteralType(word) || l.peek(0) != '(' {
		l.add(nameToken, word, "", start)
		return nil
	}
	open := l.at + 1
	for depth := 0; l.at < len(l.query); l.at++ {
		switch l.query[l.at] {
		case '"', '\'':
			if err := l.text(start, false); err != nil {
				return err
			}
			l.tokens = l.tokens[:len(l.tokens)-1]
			l.at--
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				l.add(literalToken, word, strings.TrimSpace(l.query[open:l.at-1]), start)
				return nil
			}
		}
	}
	return syntaxError(l.query, start, word, "the parenthesis behind it is not closed")
}

// number reads 12, 1.5, 1e-3 and, with a unit behind it, a time span.
func (l *lexer) number(start int) error {
	for isDigit(l.peek(0)) {
		l.at++
	}
	if l.peek(0) == '.' && isDigit(l.peek(1)) {
		for l.at++; isDigit(l.peek(0)); l.at++ {
		}
	}
	if e := l.peek(0); e == 'e' || e == 'E' {
		ahead := 1
		if s := l.peek(1); s == '+' || s == '-' {
			ahead = 2
		}
		if isDigit(l.peek(ahead)) {
			for l.at += ahead; isDigit(l.peek(0)); l.at++ {
			}
		}
	}
	unit := l.at
	for isNamePart(l.peek(0)) {
		l.at++
	}
	if unit == l.at {
		l.add(numberToken, l.query[start:l.at], "", start)
		return nil
	}
	if unitTicks(l.query[unit:l.at]) == 0 {
		return syntaxError(l.query, start, l.query[start:l.at], "unknown unit of time")
	}
	l.add(spanToken, l.query[start:unit], l.query[unit:l.at], start)
	return nil
}

// text reads a string in quotes; verbatim ones know no escape but a doubled quote.
func (l *lexer) text(start int, verbatim bool) error {
	quote := l.query[l.at]
	var out strings.Builder
	for l.at++; l.at < len(l.query); l.at++ {
		switch c := l.query[l.at]; {
		case c == quote && verbatim && l.peek(1) == quote:
			out.WriteByte(quote)
			l.at++
		case c == quote:
			l.at++
			l.add(stringToken, out.String(), "", start)
			return nil
		case c == '\n':
			return syntaxError(l.query, start, string(quote), "the string is not closed on its line")
		case c == '\\' && !verbatim:
			if !l.escape(&out) {
				return syntaxError(l.query, l.at, `\`, "unknown escape in a string")
			}
		default:
			out.WriteByte(c)
		}
	}
	return syntaxError(l.query, start, string(quote), "the string is not closed")
}

// escape decodes the escape at the backslash and stops on its last byte.
func (l *lexer) escape(out *strings.Builder) bool {
	l.at++
	switch c := l.peek(0); c {
	case '"', '\'', '\\':
		out.WriteByte(c)
	case 'n':
		out.WriteByte('\n')
	case 't':
		out.WriteByte('\t')
	case 'r':
		out.WriteByte('\r')
	case 'u':
		var r rune
		if _, err := fmt.Sscanf(l.query[l.at+1:min(l.at+5, len(l.query))], "%04x", &r); err != nil {
			return false
		}
		l.at += 4
		out.WriteRune(r)
	default:
		return false
	}
	return true
}

// quotedName reads ['name'].
func (l *lexer) quotedName(start int) error {
	l.at++
	if err := l.text(start, false); err != nil {
		return err
	}
	name := l.tokens[len(l.tokens)-1].text
	l.tokens = l.tokens[:len(l.tokens)-1]
	if l.peek(0) != ']' {
		return syntaxError(l.query, start, "[", "want ] behind the name")
	}
	l.at++
	l.add(quotedNameToken, name, "", start)
	return nil
}

// punct reads an operator; !contains and its like are one token.
func (l *lexer) punct(start int) error {
	rest := l.query[start:]
	if rest[0] == '!' && len(rest) > 1 && isNameStart(rest[1]) {
		for l.at++; isNamePart(l.peek(0)); l.at++ {
		}
		if l.peek(0) == '~' {
			l.at++
		}
		l.add(punctToken, l.query[start:l.at], "", start)
		return nil
	}
	for _, op := range []string{"==", "!=", "=~", "!~", "<=", ">=", "<>", ".."} {
		if strings.HasPrefix(rest, op) {
			l.at += len(op)
			l.add(punctToken, op, "", start)
			return nil
		}
	}
	if strings.IndexByte("|()[],.=<>+-*/%;", rest[0]) >= 0 {
		l.at++
		l.add(punctToken, rest[:1], "", start)
		return nil
	}
	_, size := utf8.DecodeRuneInString(rest)
	return syntaxError(l.query, start, rest[:size], "unexpected character")
}
