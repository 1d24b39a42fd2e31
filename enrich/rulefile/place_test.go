package rulefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

const ruleHead = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    severity: low
`

// TestAt marks one character of an expression with § and expects to find it where it stands in the file.
func TestAt(t *testing.T) {
	tests := map[string]string{
		"plain":                       "    when: event.success && §x\n",
		"plain over lines":            "    when: event.success &&\n      a &&\n        §x\n",
		"plain with wide letters":     "    when: é == 日本 || §x\n",
		"single quotes":               "    when: 'it''s ''so'' §x'\n",
		"single quotes over lines":    "    when: 'a &&\n      b &&\n\n      §x'\n",
		"double quotes":               `    when: "a \"b\" \u00e9 \U0001F600 \x41 \n §x"` + "\n",
		"double quotes over lines":    "    when: \"a &&\n      b \\\n      c §x\"\n",
		"literal":                     "    when: |\n      a &&\n        b &&\n\n      c || §x\n",
		"literal, first line":         "    when: |\n      §x &&\n      b\n",
		"literal with header":         "    when: |2-\n        a &&\n      §x\n",
		"literal behind a comment":    "    when: | # why\n      a &&\n      §x\n",
		"folded":                      "    when: >-\n      a &&\n      b &&\n\n      c && §x\n",
		"folded with deeper lines":    "    when: >\n      a &&\n        b &&\n      §x\n",
		"behind other block scalars":  "    runbook: |\n      1. a\n\n      2. b\n    description: >\n      x\n      y\n    when: a || §x\n",
		"windows line ends":           "    when: |\r\n      a &&\r\n      b && §x\r\n",
		"behind comments":             "    # one\n\n    # two\n    when: a || §x # three\n",
		"flow":                        "    objects: [{type: user, value: a + §x}]\n    when: a\n",
		"in a let, behind a long one": "    let:\n      a: |\n        b\n        c\n      d: x + §x\n    when: a\n",
		"indented with a byte order":  "    when: a || §x\n",
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			data := ruleHead + body
			line, column := placeOf(data, '§')
			if strings.HasPrefix(name, "indented with a byte order") {
				data = "\uFEFF" + data
			}
			pack, problems := rulefile.Parse("x.yaml", []byte(data))
			if pack == nil || problems.HasErrors() {
				t.Fatal(problems)
			}
			for _, e := range expressions(pack) {
				before, _, found := strings.Cut(e.Value, "§")
				if !found {
					continue
				}
				got := e.At(utf8.RuneCountInString(before))
				if got.Line != line || got.Column != column {
					t.Errorf("§ of %q at %d:%d, want %d:%d", e.Value, got.Line, got.Column, line, column)
				}
				if p := e.Problem("R201", utf8.RuneCountInString(before), 1, "m"); p.Width != 1 || !strings.Contains(p.Line, "§") {
					t.Errorf("the problem shows the line %q", p.Line)
				}
				return
			}
			t.Error("no expression holds the mark")
		})
	}
}

func placeOf(data string, mark rune) (line, column int) {
	for n, l := range strings.Split(data, "\n") {
		column := 1
		for _, r := range l {
			if r == mark {
				return n + 1, column
			}
			column++
		}
	}
	return 0, 0
}

func expressions(p *rulefile.Pack) (all []diag.Text) {
	for _, r := range p.Rules {
		all = append(all, r.When)
		for _, l := range r.Let {
			all = append(all, l.Expr)
		}
		for _, o := range r.Objects {
			all = append(all, o.Value)
		}
	}
	return all
}

// FuzzParse holds that no input breaks the parser and that every problem and every expression has a place in the file.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("|")
	f.Add(ruleHead + "    when: |\n      a\n      b\n    let: {x: 'a'}\n")
	f.Fuzz(func(t *testing.T, data string) {
		pack, problems := rulefile.Parse("x.yaml", []byte(data))
		text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(data, "\uFEFF"))
		lines := strings.Split(text, "\n")
		for _, p := range problems {
			if p.Error() == "" || p.Pos.Line > len(lines) {
				t.Errorf("problem at %v of %d lines: %v", p.Pos, len(lines), p)
			}
		}
		if pack == nil {
			if !problems.HasErrors() {
				t.Error("neither a pack nor an error")
			}
			return
		}
		for _, e := range expressions(pack) {
			if !e.Present() || e.Value == "" {
				continue
			}
			place := e.At(utf8.RuneCountInString(e.Value) - 1)
			first := e.At(0)
			if first.Line < 1 || first.Line > len(lines) || place.Line > len(lines) {
				t.Errorf("%q at %v and %v of %d lines", e.Value, first, place, len(lines))
			}
			if r, _ := utf8.DecodeRuneInString(e.Value); unicode.IsLetter(r) && !strings.Contains(lines[first.Line-1], string(r)) && !strings.Contains(text, `\`) {
				t.Errorf("%q is said to begin at %v, where the line is %q", e.Value, first, lines[first.Line-1])
			}
		}
	})
}
