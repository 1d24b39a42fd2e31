package compile

import (
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// fragment is an expression that is a whole scalar of a rule file, or a piece of one.
type fragment struct {
	text  diag.Text
	start int // in characters of the text's value
	expr  string
}

func whole(t diag.Text) fragment { return fragment{text: t, expr: t.Value} }

// problem is a problem about width characters of the expression from offset on; width 0 means its whole first line.
func (f fragment) problem(code string, offset, width int, message string) diag.Problem {
	if width == 0 && f.start > 0 {
		line, _, _ := strings.Cut(f.expr, "\n")
		width = utf8.RuneCountInString(line)
	}
	return f.text.Problem(code, f.start+offset, width, message)
}

// piece is a part of a message: fixed text, or an expression when expr isn't empty.
type piece struct {
	fixed string
	expr  fragment
}

// parseMessage cuts a message into its pieces. "{{" and "}}" are literal braces.
func parseMessage(t diag.Text) ([]piece, diag.Problems) {
	text := []rune(t.Value)
	var pieces []piece
	var fixed strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		doubled := i+1 < len(text) && text[i+1] == c
		switch {
		case (c == '{' || c == '}') && doubled:
			fixed.WriteRune(c)
			i++
		case c == '}':
			return nil, diag.Problems{t.Problem(CodeSyntax, i, 1, "a single `}`: write `}}` for a brace that shall be shown")}
		case c == '{':
			length := expressionLength(text[i+1:])
			if length < 0 {
				return nil, diag.Problems{t.Problem(CodeSyntax, i, 1, "the `{` is never closed: write `{{` for a brace that shall be shown")}
			}
			expr := string(text[i+1 : i+1+length])
			if strings.TrimSpace(expr) == "" {
				return nil, diag.Problems{t.Problem(CodeSyntax, i, 2, "there is no expression between the braces")}
			}
			pieces = append(pieces, piece{fixed: fixed.String()}, piece{expr: fragment{t, i + 1, expr}})
			fixed.Reset()
			i += 1 + length
		default:
			fixed.WriteRune(c)
		}
	}
	return append(pieces, piece{fixed: fixed.String()}), nil
}

// expressionLength is where the brace stands that closes the expression at the start of text, -1 when there is none.
// Braces in strings and pairs of braces belong to the expression.
func expressionLength(text []rune) int {
	depth, quote := 0, rune(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}
