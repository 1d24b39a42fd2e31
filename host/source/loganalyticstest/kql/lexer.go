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
	numberToken
	spanToken   // 5m: a number with a unit
	stringToken // text is the decoded value
	timeToken   // datetime(...): text is what is between the parentheses
	punctToken  // an operator or a bracket
)

type token struct {
	kind tokenKind
	text string
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

type lexer struct {
	query  string
	at     int
	tokens []token
}

// lex cuts a query into tokens; the last one is an endToken.
func lex(query string) ([]token, error) {
	l := &lexer{query: query}
	for {
		for strings.IndexByte(" \t\r\n", l.peek()) >= 0 {
			l.at++
		}
		if l.at >= len(query) {
			l.add(endToken, "", l.at)
			return l.tokens, nil
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
}

func (l *lexer) add(kind tokenKind, text string, start int) {
	l.tokens = append(l.tokens, token{kind, text, start, l.at})
}

// peek is the byte that comes next, 0 at the end.
func (l *lexer) peek() byte {
	if l.at < len(l.query) {
		return l.query[l.at]
	}
	return 0
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
		return l.text(start)
	}
	return l.punct(start)
}

// word reads a name, or datetime(...).
func (l *lexer) word(start int) error {
	for isNamePart(l.peek()) {
		l.at++
	}
	word := l.query[start:l.at]
	if word != "datetime" || l.peek() != '(' {
		l.add(nameToken, word, start)
		return nil
	}
	inner, _, closed := strings.Cut(l.query[l.at+1:], ")")
	if !closed {
		return syntaxError(l.query, start, word, "the parenthesis behind it is not closed")
	}
	l.at += len(inner) + 2
	l.add(timeToken, strings.TrimSpace(inner), start)
	return nil
}

// number reads 12 and, with a unit behind it, a time span.
func (l *lexer) number(start int) error {
	for isDigit(l.peek()) {
		l.at++
	}
	unit := l.at
	for isNamePart(l.peek()) {
		l.at++
	}
	kind := numberToken
	if unit < l.at {
		if kind = spanToken; unitTicks(l.query[unit:l.at]) == 0 {
			return syntaxError(l.query, start, l.query[start:l.at], "unknown unit of time")
		}
	}
	l.add(kind, l.query[start:l.at], start)
	return nil
}

// text reads a string in quotes.
func (l *lexer) text(start int) error {
	quote := l.query[l.at]
	var out strings.Builder
	for l.at++; l.at < len(l.query); l.at++ {
		switch c := l.query[l.at]; c {
		case quote:
			l.at++
			l.add(stringToken, out.String(), start)
			return nil
		case '\n':
			return syntaxError(l.query, start, string(quote), "the string is not closed on its line")
		case '\\':
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
	switch c := l.peek(); c {
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

// punct reads an operator or a bracket.
func (l *lexer) punct(start int) error {
	rest := l.query[start:]
	for _, op := range []string{"==", "!=", "<=", ">=", "|", "(", ")", ",", "=", "<", ">"} {
		if strings.HasPrefix(rest, op) {
			l.at += len(op)
			l.add(punctToken, op, start)
			return nil
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	return syntaxError(l.query, start, rest[:size], "unexpected character")
}
