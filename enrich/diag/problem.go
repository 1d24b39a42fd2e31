package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
)

// Severity says whether a problem keeps a rule set from loading.
type Severity string

// The severities of problems.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is something wrong with a rule file.
type Problem struct {
	Pos        Pos      `json:"pos"`
	Severity   Severity `json:"severity"`
	Code       string   `json:"code"`
	Message    string   `json:"message"`
	Suggestion string   `json:"suggestion,omitempty"` // a sentence, such as "did you mean `x`?"
	Path       string   `json:"path,omitempty"`       // "pack x 1.0.0 > rule y > when"
	Line       string   `json:"line,omitempty"`       // the line of the file that Pos names
	Width      int      `json:"width,omitempty"`      // how many characters of it are meant
}

// Problem returns an error about the characters of the value from offset on, both counted in characters. It has the
// text's path and line; width 0 means the whole value, as far as it stands on one line.
func (t Text) Problem(code string, offset, width int, message string) Problem {
	pos := t.At(offset)
	if width <= 0 {
		width = utf8.RuneCountInString(firstLine(t.Value)) - offset
		if t.style == singleQuoted || t.style == doubleQuoted {
			pos, width = t.Pos, width+2
		}
	}
	return Problem{
		Pos: pos, Severity: Error, Code: code, Message: message, Path: t.Path,
		Line: t.source.Line(pos.Line), Width: max(1, width),
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// Error renders the problem for people, with the line it is about and a caret, without a line end.
func (p Problem) Error() string {
	p.Message, p.Path = clipped(p.Message), clipped(p.Path)
	p.Pos.File, p.Message, p.Path, p.Suggestion = enrich.Visible(p.Pos.File), enrich.Visible(p.Message), enrich.Visible(p.Path), enrich.Visible(p.Suggestion)
	var b strings.Builder
	if p.Pos.File != "" || p.Pos.Line > 0 {
		fmt.Fprintf(&b, "%s: ", p.Pos)
	}
	fmt.Fprintf(&b, "%s[%s]: %s", p.Severity, p.Code, p.Message)
	if p.Path != "" {
		fmt.Fprintf(&b, "\n  in %s", p.Path)
	}
	if p.Line == "" {
		if p.Suggestion != "" {
			fmt.Fprintf(&b, "\n  %s", p.Suggestion)
		}
		return b.String()
	}
	p.renderLine(&b)
	return b.String()
}

// maxMessage is how many characters of a message are shown: a key that it quotes may be as long as the file.
const maxMessage = 2000

func clipped(text string) string {
	if head, tail := CutAt(text, maxMessage); tail != "" {
		return head + "..."
	}
	return text
}

// maxShown is how much of a long line is shown; what stands before the caret is shortened first.
const maxShown = 160

func (p Problem) renderLine(b *strings.Builder) {
	before, rest := CutAt(p.Line, max(0, p.Pos.Column-1))
	if n := utf8.RuneCountInString(before); n > maxShown/2 {
		_, before = CutAt(before, n-maxShown/2)
		before = "..." + before
	}
	shown, cut := CutAt(rest, max(0, maxShown-utf8.RuneCountInString(before)))
	if cut != "" {
		shown += "..."
	}
	marked, after := CutAt(shown, max(1, p.Width))
	before, marked = enrich.Visible(before), enrich.Visible(marked) // first, as the caret stands below them
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r // keeps the caret below its character
		}
		return ' '
	}, before)
	width := max(1, utf8.RuneCountInString(marked))
	fmt.Fprintf(b, "\n %4d | %s\n      | %s%s", p.Pos.Line, before+marked+enrich.Visible(after), indent, strings.Repeat("^", width))
	if p.Suggestion != "" {
		b.WriteString(" " + p.Suggestion)
	}
}

// CutAt cuts a text behind n characters, or behind all when it has fewer.
func CutAt(text string, n int) (head, tail string) {
	for at := range text {
		if n == 0 {
			return text[:at], text[at:]
		}
		n--
	}
	return text, ""
}

// Count writes a number with the word for what is counted, which takes an s unless the number is 1: "1 file", "2 files".
func Count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Problems are the problems of one or more files.
type Problems []Problem

// Error renders all problems, one after the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n")
}

// HasErrors reports whether one of the problems is an error.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Err returns the problems as an error when one of them is an error, nil otherwise.
func (ps Problems) Err() error {
	if ps.HasErrors() {
		return ps
	}
	return nil
}

// Sort brings the problems into the order of their places, so that the order of files and checks doesn't show.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message),
		)
	})
}
