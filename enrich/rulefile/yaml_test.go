package rulefile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/token"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestGuard looks at texts at a bound and one above it, so that no text here is a burden to the parser.
func TestGuard(t *testing.T) {
	const many = 1_000_000
	repeat := strings.Repeat
	tests := []struct {
		name, text string
		tokens     int
		code       string // "" when the text may stand
		line       int
	}{
		{name: "as many tokens as may be", text: "[a, b, c]", tokens: 7},
		{name: "one token more", text: "[a, b, c, d]", tokens: 8, code: CodeLimit, line: 1},
		{name: "brackets", text: repeat("[", MaxDepth) + repeat("]", MaxDepth), tokens: many},
		{name: "too many brackets", text: repeat("[", MaxDepth+1) + repeat("]", MaxDepth+1), tokens: many, code: CodeLimit, line: 1},
		{name: "too many braces", text: repeat("{a: ", MaxDepth+1) + repeat("}", MaxDepth+1), tokens: many, code: CodeLimit, line: 1},
		{name: "entries of entries", text: repeat("- ", MaxDepth-1) + "a", tokens: many},
		{name: "too many entries of entries", text: repeat("- ", MaxDepth) + "a", tokens: many, code: CodeLimit, line: 1},
		{name: "entries in brackets", text: "[" + repeat("- ", MaxDepth+1) + "a]", tokens: many, code: CodeLimit, line: 1},
		{name: "keys in brackets without commas", text: "[" + repeat("a: b\n", MaxDepth+1) + "]", tokens: many, code: CodeLimit, line: MaxDepth + 1},
		{name: "keys of keys", text: "[" + repeat("? ", MaxDepth+1) + "a]", tokens: many, code: CodeLimit, line: 1},
		{name: "steps", text: steps(MaxDepth - 1), tokens: many},
		{name: "too many steps", text: steps(MaxDepth), tokens: many, code: CodeLimit, line: MaxDepth},
		{name: "steps down, again and again", text: repeat("a:\n b:\n - c:\n    - d\n", MaxDepth), tokens: many},
		{name: "lists below keys", text: "a:\n- b:\n  - c:\n    - 1\n- b: 2\nd:\n- 3\n", tokens: many},
		{name: "an entry each line", text: repeat("-\n", 2*MaxDepth), tokens: many},
		{name: "JSON", text: "{" + repeat(`"a": {"b": [1, 2]}, `, 2*MaxDepth) + `"c": 3}`, tokens: many},
		{name: "documents", text: repeat("--- a\n", maxDocuments), tokens: many},
		{name: "too many documents", text: repeat("--- a\n", maxDocuments+1), tokens: many, code: CodeLimit, line: maxDocuments + 1},
		{name: "empty lines", text: "a: |\n  x" + repeat("\n", maxBlank+1) + "b: c", tokens: many},
		{name: "too many empty lines", text: "a: |\n  x" + repeat("\n \t", maxBlank+2) + "b: c", tokens: many, code: CodeLimit, line: maxBlank + 4},
		{name: "too many empty lines of Windows", text: "a: b" + repeat("\r\n", maxBlank+2) + "b: c", tokens: many, code: CodeLimit, line: maxBlank + 3},
		{name: "an anchor", text: "a: 1\nb: &c d", tokens: many, code: CodeForbidden, line: 2},
		{name: "an alias", text: "a: *c", tokens: many, code: CodeForbidden, line: 1},
		{name: "a merge key", text: "a:\n  <<: {b: c}", tokens: many, code: CodeForbidden, line: 2},
		{name: "a tag", text: "a: !!str b", tokens: many, code: CodeForbidden, line: 1},
		{name: "marks that are text", text: `[a&b, "&a", '*b', "!c", a<<b]`, tokens: many},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseYAML(test.text, test.tokens)
			var refused *YAMLError
			if !errors.As(err, &refused) {
				if test.code != "" {
					t.Fatalf("taken, or refused by the parser: %v", err)
				}
				return // what the parser thinks of it is its business
			}
			if refused.Code != test.code || refused.At.Position.Line != test.line {
				t.Errorf("%s in line %d: %v", refused.Code, refused.At.Position.Line, err)
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
			if refused := g.look(&token.Token{Type: kind, Position: &token.Position{Line: n, Column: i + 1}}); refused != nil {
				if n != maxKeys+1 || refused.Code != CodeLimit {
					t.Errorf("key %d: %v", n, refused)
				}
				return
			}
		}
	}
}

// TestManyUnknownKeys holds that a file with many unknown keys is told of by the first and their number.
func TestManyUnknownKeys(t *testing.T) {
	const more = 7
	text := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n"
	for n := range maxUnknown + more {
		text += fmt.Sprintf("metadata%d: 1\n", n)
	}
	_, problems := Parse("x.yaml", []byte(text))
	if len(problems) != maxUnknown+1 {
		t.Fatalf("%d problems", len(problems))
	}
	for n, p := range problems[:maxUnknown] {
		if p.Code != CodeUnknown || p.Pos.Line != 4+n || p.Suggestion != "did you mean `metadata`?" {
			t.Errorf("problem %d: %v", n, p)
		}
	}
	if p := problems[maxUnknown]; p.Code != CodeUnknown || p.Pos.Line != 4+maxUnknown || p.Message != "and 7 more unknown keys in this file" {
		t.Errorf("the last one: %v", p)
	}
}

// TestManyProblems holds that not all problems of a file are told that has very many.
func TestManyProblems(t *testing.T) {
	text := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\nlists:\n- name: a\n  items: [" +
		strings.Repeat("1, ", maxProblems+2) + "x]\n"
	_, problems := Parse("x.yaml", []byte(text))
	if len(problems) != maxProblems+1 || problems[0].Code != CodeLimit || problems[0].Message != "the file has 2 problems beside these" {
		t.Errorf("%d problems, first %v", len(problems), problems[0])
	}
}

// TestFewSuggestions holds that names of large sets are compared with all others for the first few only.
func TestFewSuggestions(t *testing.T) {
	var rules, tuned, lists strings.Builder
	for n := range 3 * maxNear {
		fmt.Fprintf(&rules, "- {id: my.rule%d, title: t, tables: [AuditLogs], when: 'true', severity: low, status: deprecated, replaced_by: my.rulle%d}\n", n, n)
		fmt.Fprintf(&tuned, "- {id: my.rulle%d, set: {score: 1}}\n", n)
		fmt.Fprintf(&lists, "- {name: lisst%d, add: [x]}\n", n)
	}
	_, problems := Load(enrich.Config{Files: []enrich.File{
		{Name: "p.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nlists: [{name: list1, items: [a]}]\nrules:\n" + rules.String())},
		{Name: "t.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: t}\nfor: {pack: p}\nrules:\n" + tuned.String() + "lists:\n" + lists.String())},
	}})
	said, suggested := 0, map[string]int{}
	for _, p := range problems {
		if p.Code == CodeTarget {
			said++
			if p.Suggestion != "" {
				suggested[p.Pos.File]++
			}
		}
	}
	if said != 9*maxNear || suggested["p.yaml"] != maxNear || suggested["t.yaml"] != maxNear {
		t.Errorf("%d problems, with suggestions: %v", said, suggested)
	}
}

// TestFewPackSuggestions holds that so are the packs that tunings name.
func TestFewPackSuggestions(t *testing.T) {
	files := []enrich.File{{Name: "p.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: pack, version: 1.0.0}\n")}}
	for n := range 2 * maxNear {
		files = append(files, enrich.File{
			Name: fmt.Sprintf("t%d.yaml", n), Data: fmt.Appendf(nil, "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: t%d}\nfor: {pack: packk}\n", n),
		})
	}
	_, problems := Load(enrich.Config{Files: files})
	said, suggested := 0, 0
	for _, p := range problems {
		if p.Code == CodeTarget {
			said++
			if p.Suggestion != "" {
				suggested++
			}
		}
	}
	if said != 2*maxNear || suggested != maxNear {
		t.Errorf("%d problems, %d with a suggestion", said, suggested)
	}
}
