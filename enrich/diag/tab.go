package diag

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// lostTab is where the first tab stands that the scanner drops from a plain scalar, nil when there is none: "a<tab>in b" would be read
// as "ain b". Around a line's text a tab is white space, and in quotes and blocks it stays.
func lostTab(tk *token.Token) *token.Token {
	if strings.IndexByte(tk.Origin, '\t') < 0 {
		return nil
	}
	switch tk.Type {
	case token.CommentType, token.SingleQuoteType, token.DoubleQuoteType:
		return nil
	}
	kept := strings.Count(tk.Value, "\t")
	line, column := 0, 0
	found := 0
	for n, text := range strings.Split(strings.TrimLeft(tk.Origin, " \t\r\n"), "\n") {
		inside := strings.Trim(text, " \t\r")
		tabs := strings.Count(inside, "\t")
		if found == 0 && tabs > 0 {
			line, column = n, utf8.RuneCountInString(text[:strings.Index(text, inside)+strings.IndexByte(inside, '\t')])
		}
		found += tabs
	}
	if found <= kept {
		return nil
	}
	at := token.Position{Line: tk.Position.Line + line, Column: column + 1}
	if line == 0 {
		at.Column += tk.Position.Column - 1
	}
	return &token.Token{Position: &at}
}
