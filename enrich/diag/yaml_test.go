package diag

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/token"
)

// TestGuard looks at texts at a bound and one above it, so that no text here is a burden to the parser.
func TestGuard(t *testing.T) {
	const many = 1_000_000
	repeat := strings.Repeat
	tests := []struct {
		name, text string
		tokens     int
		refused    string // "" when the text may stand
		line       int
	}{
		{name: "as many tokens as may be", text: "[a, b, c]", tokens: 7},
		{name: "one token more", text: "[a, b, c, d]", tokens: 8, refused: "limit", line: 1},
		{name: "brackets", text: repeat("[", MaxDepth) + repeat("]", MaxDepth), tokens: many},
		{name: "too many brackets", text: repeat("[", MaxDepth+1) + repeat("]", MaxDepth+1), tokens: many, refused: "limit", line: 1},
		{name: "too many braces", text: repeat("{a: ", MaxDepth+1) + repeat("}", MaxDepth+1), tokens: many, refused: "limit", line: 1},
		{name: "entries of entries", text: repeat("- ", MaxDepth-1) + "a", tokens: many},
		{name: "too many entries of entries", text: repeat("- ", MaxDepth) + "a", tokens: many, refused: "limit", line: 1},
		{name: "entries in brackets", text: "[" + repeat("- ", MaxDepth+1) + "a]", tokens: many, refused: "limit", line: 1},
		{name: "keys in brackets without commas", text: "[" + repeat("a: b\n", MaxDepth+1) + "]", tokens: many, refused: "limit", line: MaxDepth + 1},
		{name: "keys of keys", text: "[" + repeat("? ", MaxDepth+1) + "a]", tokens: many, refused: "limit", line: 1},
		{name: "steps", text: steps(MaxDepth - 1), tokens: many},
		{name: "too many steps", text: steps(MaxDepth), tokens: many, refused: "limit", line: MaxDepth},
		{name: "steps down, again and again", text: repeat("a:\n b:\n - c:\n    - d\n", MaxDepth), tokens: many},
		{name: "lists below keys", text: "a:\n- b:\n  - c:\n    - 1\n- b: 2\nd:\n- 3\n", tokens: many},
		{name: "an entry each line", text: repeat("-\n", 2*MaxDepth), tokens: many},
		{name: "JSON", text: "{" + repeat(`"a": {"b": [1, 2]}, `, 2*MaxDepth) + `"c": 3}`, tokens: many},
		{name: "documents", text: repeat("--- a\n", maxDocuments), tokens: many},
		{name: "too many documents", text: repeat("--- a\n", maxDocuments+1), tokens: many, refused: "limit", line: maxDocuments + 1},
		{name: "empty lines", text: "a: |\n  x" + repeat("\n", maxBlank+1) + "b: c", tokens: many},
		{name: "too many empty lines", text: "a: |\n  x" + repeat("\n \t", maxBlank+2) + "b: c", tokens: many, refused: "limit", line: maxBlank + 4},
		{name: "too many empty lines of Windows", text: "a: b" + repeat("\r\n", maxBlank+2) + "b: c", tokens: many, refused: "limit", line: maxBlank + 3},
		{name: "an anchor", text: "a: 1\nb: &c d", tokens: many, refused: "forbidden", line: 2},
		{name: "an alias", text: "a: *c", tokens: many, refused: "forbidden", line: 1},
		{name: "a merge key", text: "a:\n  <<: {b: c}", tokens: many, refused: "forbidden", line: 2},
		{name: "a tag", text: "a: !!str b", tokens: many, refused: "forbidden", line: 1},
		{name: "marks that are text", text: `[a&b, "&a", '*b', "!c", a<<b]`, tokens: many},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseYAML(test.text, test.tokens)
			var refused *YAMLError
			if !errors.As(err, &refused) {
				if test.refused != "" {
					t.Fatalf("taken, or refused by the parser: %v", err)
				}
				return // what the parser thinks of it is its business
			}
			if refused.Limit != (test.refused == "limit") || refused.At.Position.Line != test.line {
				t.Errorf("over a limit %t, in line %d: %v", refused.Limit, refused.At.Position.Line, err)
			}
		})
	}
}

func steps(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

// TestTooManyKeys gives the guard the tokens of a mapping with too many keys, which the parser never sees.
func TestTooManyKeys(t *testing.T) {
	g := guard{maxTokens: 3 * maxKeys}
	for n := 1; ; n++ {
		for i, kind := range []token.Type{token.StringType, token.MappingValueType} {
			if refused := g.refusal(&token.Token{Type: kind, Position: &token.Position{Line: n, Column: i + 1}}); refused != nil {
				if n != maxKeys+1 || !refused.Limit {
					t.Errorf("key %d: %v", n, refused)
				}
				return
			}
		}
	}
}

// TestTabs holds that a tab that the library would drop is refused where it stands, and no other.
func TestTabs(t *testing.T) {
	for text, want := range map[string][2]int{ // line and column of the tab
		"a: b\tc": {1, 5}, "a: event.X\tin [\"y\"]": {1, 11}, "a\tb: c": {1, 2}, "a: [b, c\td]": {1, 9}, "a: {b: c\td}": {1, 9}, "- x\n- a\tb\n": {2, 4},
		"a: 5\t6": {1, 5}, "a: true\tx": {1, 8}, "a: b\n  c\td\n": {2, 4}, "a: b \t c": {1, 6}, "a: ü\tb": {1, 5},
		"a: b\t# c": {}, "a:\tb": {}, "a: b\t\nc: d": {}, "a: \"b\tc\"": {}, "a: 'b\tc'": {}, "a: |\n  b\tc\n": {}, "a: >\n  b\tc\n": {}, "# x\ty\na: b": {},
		"a: b # c\td": {}, "a: |\n  \tb\n": {}, "a: \"b\"\t": {}, "a: b\n  \tc": {},
	} {
		_, err := ParseYAML(text, 100)
		var refused *YAMLError
		if !errors.As(err, &refused) {
			if err != nil || want != [2]int{} {
				t.Errorf("%q: %v, want a tab at %v", text, err, want)
			}
			continue
		}
		if at := refused.At.Position; [2]int{at.Line, at.Column} != want {
			t.Errorf("%q: a tab at %d:%d, want %v", text, at.Line, at.Column, want)
		}
	}
}
