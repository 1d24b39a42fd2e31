package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// Pos is a place in a file.
type Pos struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1; 0 means that the place is unknown
	Column int    `json:"column"` // from 1, in characters
}

// String writes the place as file:line:column, as compilers do.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// style is how a scalar is written in YAML.
type style uint8

const (
	plain style = iota
	singleQuoted
	doubleQuoted
	block // | and >
)

// Source is a file's text, cut into lines. file stands in messages only.
type Source struct {
	File  string
	lines []string
}

// NewSource cuts a text into lines. file is what messages call it.
func NewSource(file, text string) *Source {
	return &Source{File: file, lines: strings.Split(text, "\n")}
}

// Line returns line n, counted from 1, or "".
func (s *Source) Line(n int) string {
	if s == nil || n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// at is the place of a token; the file alone for one without.
func (s *Source) at(tk *token.Token) Pos {
	if tk == nil || tk.Position == nil {
		return Pos{File: s.File}
	}
	line := min(max(1, tk.Position.Line), len(s.lines)) // the library counts some ends of files as a line
	return Pos{s.File, line, max(1, tk.Position.Column)}
}

// Problem is an error about one character, where the token stands.
func (s *Source) Problem(tk *token.Token, code, message string) Problem {
	pos := s.at(tk)
	return Problem{Pos: pos, Severity: Error, Code: code, Message: message, Line: s.Line(pos.Line), Width: 1}
}

// Scalar is the text that the token writes.
func (s *Source) Scalar(tk *token.Token, value string) Text {
	t := Text{Value: value, Pos: s.at(tk), source: s}
	switch tk.Type {
	case token.SingleQuoteType:
		t.style = singleQuoted
	case token.DoubleQuoteType:
		t.style = doubleQuoted
	}
	return t
}

// Block is the text of a block scalar (| or >) whose indicator is the token.
func (s *Source) Block(tk *token.Token, value string) Text {
	return Text{Value: value, Pos: s.at(tk), source: s, style: block}
}

// Place is a text without characters where the token stands: a collection.
func (s *Source) Place(tk *token.Token) Text { return Text{Pos: s.at(tk), source: s} }

// Text is a scalar of a file with its place. The zero value is a scalar that the file doesn't have.
type Text struct {
	Value  string
	Pos    Pos
	Path   string // where it belongs, for people: "pack x 1.0.0 > rule y > when"
	source *Source
	style  style
}

// NewText returns a text that stands in no file, for values that are made by programs and tests.
func NewText(value string) Text {
	return Text{Value: value, Pos: Pos{Line: 1, Column: 1}, source: NewSource("", value)}
}

// Present reports whether the file has this scalar.
func (t Text) Present() bool { return t.Pos.Line > 0 }

// String is the scalar's value.
func (t Text) String() string { return t.Value }

// At returns the place in the file of the character of Value at offset, counted in characters from 0. It looks
// through quotes, escapes, block scalars and folded lines.
func (t Text) At(offset int) Pos {
	if t.source == nil || !t.Present() || t.Value == "" {
		return t.Pos
	}
	c := cursor{source: t.source, line: t.Pos.Line, column: t.Pos.Column, style: t.style}
	switch t.style {
	case block:
		c.line, c.column = c.line+1, 1
	case singleQuoted, doubleQuoted:
		c.column++ // behind the quote
	}
	rest := t.Value
	for range offset {
		r, size := utf8.DecodeRuneInString(rest)
		if size == 0 {
			break
		}
		c.pass(r)
		rest = rest[size:]
	}
	if r, size := utf8.DecodeRuneInString(rest); size > 0 && !unicode.IsSpace(r) {
		c.skipSpaceBefore(r)
	}
	if last := len(t.source.lines); c.line > last { // behind the end of the file
		return Pos{t.Pos.File, last, utf8.RuneCountInString(t.source.Line(last)) + 1}
	}
	return Pos{t.Pos.File, c.line, c.column}
}

// cursor walks over the characters of a scalar as they are written.
type cursor struct {
	source *Source
	line   int
	column int
	style  style
}

// peek returns the character at the cursor: '\n' at the end of a line, 0 at the end of the file.
func (c *cursor) peek() rune {
	if c.line > len(c.source.lines) {
		return 0
	}
	column := 1
	for _, r := range c.source.Line(c.line) {
		if column == c.column {
			return r
		}
		column++
	}
	return '\n'
}

func (c *cursor) advance() {
	if c.peek() == '\n' {
		c.line, c.column = c.line+1, 1
		return
	}
	c.column++
}

// pass moves over the way that the character r of the value is written.
func (c *cursor) pass(r rune) {
	if unicode.IsSpace(r) && c.style != doubleQuoted {
		if unicode.IsSpace(c.peek()) {
			c.advance()
		}
		return
	}
	c.skipSpaceBefore(r)
	switch at := c.peek(); {
	case c.style == doubleQuoted && at == '\\':
		c.passEscape()
	case c.style == singleQuoted && at == '\'':
		c.advance()
		c.advance()
	case at != 0:
		c.advance()
	}
}

// skipSpaceBefore moves over the indentation and the folded or escaped line ends that stand before r.
func (c *cursor) skipSpaceBefore(r rune) {
	for at := c.peek(); at != 0 && at != r; at = c.peek() {
		if at == '\\' && c.style == doubleQuoted {
			behind := *c
			if behind.advance(); behind.peek() != '\n' {
				return
			}
			*c = behind
		} else if !unicode.IsSpace(at) {
			return
		}
		c.advance()
	}
}

// passEscape moves over an escape of a double-quoted scalar.
// https://yaml.org/spec/1.2.2/#57-escaped-characters
func (c *cursor) passEscape() {
	c.advance()
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c.peek()]
	for range digits + 1 {
		c.advance()
	}
}
