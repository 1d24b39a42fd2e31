package compile

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/cel-go/cel"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// maxNear is how many names are compared with all macros or lists of a set for a suggestion.
const maxNear = 20

// hints suggest names of things of which a set may have many: for the first few that are wrong only, so that what it
// costs doesn't grow with the square of the set.
type hints struct{ asked int }

// suggest is didYouMean among the given names, "" after the first few.
func (n *hints) suggest(word string, among func() []string) string {
	if n.asked++; n.asked > maxNear {
		return ""
	}
	return didYouMean(word, among())
}

func didYouMean(word string, among []string) string {
	if s := diag.Suggest(word, among); s != "" {
		return "did you mean `" + s + "`?"
	}
	return ""
}

// Unique leaves out problems that are repeated because a rule is compiled for several tables. Of two that say the same the
// suggestion is kept. The problems must be sorted.
func Unique(problems diag.Problems) (out diag.Problems) {
	for _, p := range problems {
		last := len(out) - 1
		if last < 0 || out[last].Pos != p.Pos || out[last].Code != p.Code || out[last].Message != p.Message {
			out = append(out, p)
			continue
		}
		out[last].Suggestion = cmp.Or(out[last].Suggestion, p.Suggestion)
	}
	return out
}

// problemAt is a problem about the word at offset, counted in characters. CEL points at the dot before a field and at
// the parenthesis behind a function; the caret goes under the name.
func problemAt(in fragment, code string, offset int, message string) diag.Problem {
	offset, width := wordAt([]rune(in.expr), offset)
	return in.problem(code, offset, width, message)
}

func wordAt(expr []rune, offset int) (start, width int) {
	offset = max(0, min(offset, len(expr)-1))
	if len(expr) == 0 {
		return 0, 1
	}
	switch {
	case expr[offset] == '(':
		end := offset
		for end > 0 && unicode.IsSpace(expr[end-1]) {
			end--
		}
		start = end
		for start > 0 && isWord(expr[start-1]) {
			start--
		}
		if start < end {
			return start, end - start
		}
	case expr[offset] == '.':
		start = offset + 1
		for start < len(expr) && (unicode.IsSpace(expr[start]) || expr[start] == '?') {
			start++
		}
		if start < len(expr) && isWord(expr[start]) {
			return start, wordLength(expr[start:])
		}
	case isWord(expr[offset]):
		return offset, wordLength(expr[offset:])
	}
	if expr[offset] == '"' || expr[offset] == '\'' {
		return offset, quotedLength(expr[offset:])
	}
	for _, operator := range []string{"==", "!=", "<=", ">=", "&&", "||"} {
		if strings.HasPrefix(string(expr[offset:]), operator) {
			return offset, 2
		}
	}
	return offset, 1
}

// offsetOf is where an issue points at, in characters of the expression.
func offsetOf(expr string, e *cel.Error) int {
	lines := strings.SplitAfter(expr, "\n")
	offset := 0
	for i := 0; i < e.Location.Line()-1 && i < len(lines); i++ {
		offset += len([]rune(lines[i]))
	}
	return offset + e.Location.Column()
}

// syntaxProblems are the parser's complaints: the first one, as the rest follows from it.
func syntaxProblems(in fragment, issues *cel.Issues) diag.Problems {
	all := issues.Errors()
	if len(all) == 0 {
		return diag.Problems{in.problem(CodeSyntax, 0, 0, issues.Err().Error())}
	}
	at := offsetOf(in.expr, all[0])
	p := problemAt(in, CodeSyntax, at, syntaxMessage(all[0].Message))
	p.Suggestion = foreignSyntax([]rune(in.expr), at)
	return diag.Problems{p}
}

// syntaxMessage says what the parser says in words for people.
func syntaxMessage(s string) string {
	s = strings.TrimPrefix(s, "Syntax error: ")
	s = strings.TrimPrefix(s, "ERROR: ")
	if before, _, ok := strings.Cut(s, " expecting "); ok {
		s = before
	}
	for _, p := range []struct{ from, to string }{
		{"mismatched input '<EOF>'", "the expression ends too early"},
		{"mismatched input ", "unexpected "},
		{"extraneous input ", "unexpected "},
		{"no viable alternative at input ", "unexpected "},
		{"token recognition error at: ", "unexpected "},
	} {
		s = strings.ReplaceAll(s, p.from, p.to)
	}
	return "syntax error: " + s
}

// notA is the message for an expression of the wrong type.
func notA(key, want, got string) string {
	return fmt.Sprintf("%s must be a %s, not a %s", key, want, typeWord(got))
}

// The codes of the problems that this package finds. Those of rulefile begin with R0 and R1.
const (
	CodeSyntax    = "R201" // the expression isn't CEL
	CodeField     = "R202" // unknown column or field
	CodeName      = "R203" // unknown or taken name of a variable, function, list, macro or let
	CodeType      = "R204" // values of types that don't go together
	CodeResult    = "R205" // an expression with the wrong type for its key
	CodeForbidden = "R206" // something that CEL has and rules may not use
	CodeCost      = "R207" // an expression that could take too long
	CodeTable     = "R208" // unknown table
	CodeNever     = "R209" // a condition that can't hold
	CodeProperty  = "R302" // warning: a property whose name nearly is a known one
	CodeUpper     = "R303" // warning: upper case is looked for in a text in lower case

	CodeUntyped    = "R308" // warning: a table whose columns nobody knows
	CodeUndeclared = "R309" // warning: event.column of a name that the table doesn't have
	CodeAbsent     = "R310" // warning: != or ! on a member that may be absent
	CodeMixed      = "R311" // warning: a literal in arithmetic with a number of the row whose type isn't known
)

// The codes of warnings about what stands in a file and does nothing.
const (
	CodeUnused = "R306" // warning: a list, macro or let that nothing uses
	CodePinned = "R307" // warning: a name in the context of a test that the rule doesn't ask for
)
