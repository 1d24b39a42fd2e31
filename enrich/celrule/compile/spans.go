package compile

import (
	"strings"
	"unicode"

	"github.com/google/cel-go/common/ast"
)

// Spans finds the text that a part of an expression has in its rule file. CEL keeps one place for each node, that of
// its operator or dot; the text around it is found by brackets and words.
type Spans struct {
	text   []rune
	source *ast.SourceInfo
}

// NewSpans returns the spans of the checked expression, which was written as text.
func NewSpans(text string, checked *ast.AST) Spans {
	return Spans{[]rune(text), checked.SourceInfo()}
}

// Text is the text of e on one line. All nodes of a macro's body have the text of the macro's use.
func (s Spans) Text(e ast.Expr) string {
	start, stop := s.bounds(e)
	start, stop = s.balance(s.widen(start, stop))
	return strings.Join(strings.Fields(string(s.text[start:stop])), " ")
}

// bounds are the outermost places of e and all below it.
func (s Spans) bounds(e ast.Expr) (start, stop int) {
	start, stop = len(s.text), 0
	var walk func(ast.Expr)
	walk = func(e ast.Expr) {
		if at, ok := s.source.GetOffsetRange(e.ID()); ok && int(at.Start) < len(s.text) {
			start, stop = min(start, int(at.Start)), max(stop, s.end(at))
		}
		for _, child := range Children(e) {
			walk(child)
		}
	}
	walk(e)
	if stop = min(stop, len(s.text)); start >= stop {
		return 0, len(s.text)
	}
	return start, stop
}

// end is where what stands at a place ends. CEL counts the characters of a text in bytes there.
func (s Spans) end(at ast.OffsetRange) int {
	start := int(at.Start)
	if c := s.text[start]; c == '"' || c == '\'' {
		return start + quotedLength(s.text[start:])
	}
	return max(int(at.Stop), start+1)
}

// widen takes in the words at both ends: the name before a dot or parenthesis, the field behind a dot.
func (s Spans) widen(start, stop int) (int, int) {
	if c := s.text[start]; c == '(' || c == '.' || c == '[' {
		for start > 0 && (isWord(s.text[start-1]) || s.text[start-1] == '.') {
			start--
		}
	}
	for start > 0 && isWord(s.text[start]) && isWord(s.text[start-1]) {
		start--
	}
	for stop < len(s.text) {
		last, next := s.text[stop-1], s.text[stop]
		if !isWord(next) && (last != '.' || next != '?') || !isWord(last) && last != '.' && last != '?' {
			break
		}
		stop++
	}
	if rest := strings.TrimLeft(string(s.text[stop:]), " \n\t"); comparison(string(s.text[start:stop])) && strings.HasPrefix(rest, "null") {
		stop = len(s.text) - len([]rune(rest)) + len("null") // the comparison became a test, which has no null
	}
	return start, stop
}

func comparison(text string) bool {
	return strings.HasSuffix(text, "==") || strings.HasSuffix(text, "!=")
}

// balance takes in the brackets that are opened or closed outside.
func (s Spans) balance(start, stop int) (int, int) {
	missing, open := brackets(s.text[start:stop])
	for start > 0 && missing > 0 {
		start--
		if strings.ContainsRune("([{", s.text[start]) {
			missing--
		}
	}
	if start > 0 && s.text[start] == '(' && isWord(s.text[start-1]) {
		for start > 0 && (isWord(s.text[start-1]) || s.text[start-1] == '.') {
			start--
		}
	}
	for stop < len(s.text) && open > 0 {
		_, open = brackets(s.text[start : stop+1])
		stop++
	}
	for stop > start && unicode.IsSpace(s.text[stop-1]) {
		stop--
	}
	return start, stop
}

// brackets counts those that are closed without having been opened, and those that stay open. Brackets in literal
// texts don't count.
func brackets(text []rune) (missing, open int) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\'':
			i += quotedLength(text[i:]) - 1
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			if open--; open < 0 {
				missing, open = missing+1, 0
			}
		}
	}
	return missing, open
}
