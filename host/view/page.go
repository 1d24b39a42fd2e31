package view

import (
	"fmt"
	"strings"
)

// page writes text in sections: lines of a word and what belongs to it, and blocks below a heading.
type page struct{ strings.Builder }

// line writes a word and its value; nothing when there is none.
func (b *page) line(word, value string) {
	if value != "" {
		fmt.Fprintf(&b.Builder, "%-10s %s\n", word, value)
	}
}

// block writes a heading and below it, indented, the text.
func (b *page) block(heading, text string) {
	fmt.Fprintf(&b.Builder, "%s:\n%s\n", heading, indented(text))
}

// section begins a part of the page when there is something to say.
func (b *page) section(title string, n int) bool {
	if n > 0 {
		fmt.Fprintf(&b.Builder, "\n# %s\n", title)
	}
	return n > 0
}

// indented is text with four blanks before each line.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}
