package loganalytics

import (
	"errors"
	"fmt"
	"strings"
)

// checkFilter refuses conditions that could leave the parentheses that the query puts around them: rows would be
// missing without anybody noticing.
func checkFilter(filter string) error {
	if strings.ContainsAny(filter, "\r\n`") {
		return errors.New("must be one line without backticks")
	}
	depth := 0
	for i := 0; i < len(filter); i++ {
		switch c := filter[i]; c {
		case '"', '\'':
			end, ok := skipLiteral(filter, i)
			if !ok {
				return errors.New("has a string that doesn't end")
			}
			i = end
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return errors.New("has a ')' without '('")
			}
		case '|', ';':
			return fmt.Errorf("has %q: only a condition is allowed, as behind \"where\"", string(c))
		case '/':
			if strings.HasPrefix(filter[i:], "//") {
				return errors.New("has a comment")
			}
		}
	}
	if depth > 0 {
		return errors.New("has a '(' without ')'")
	}
	return nil
}

// skipLiteral returns where the string literal ends whose opening quote is at i. In a verbatim literal, @"..", a
// backslash is a backslash and a doubled quote is a quote.
// https://learn.microsoft.com/kusto/query/scalar-data-types/string
func skipLiteral(text string, i int) (end int, ok bool) {
	quote, verbatim := text[i], i > 0 && text[i-1] == '@'
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && !verbatim:
			i++
		case text[i] == quote && verbatim && strings.HasPrefix(text[i+1:], string(quote)):
			i++
		case text[i] == quote:
			return i, true
		}
	}
	return 0, false
}
