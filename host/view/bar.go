package view

import (
	"fmt"
	"io"
	"strings"
)

// Bar shows how far a long work is: as a bar on a terminal, as a line for each tenth elsewhere.
type Bar struct {
	w        io.Writer
	what     string
	total    int
	terminal bool
	shown    int // tenths that were shown
}

// NewBar returns a bar for work of total parts, which what names: "rows read".
func NewBar(w io.Writer, what string, total int) *Bar {
	return &Bar{w: Unescaped(w), what: what, total: max(1, total), terminal: IsTerminal(w), shown: -1}
}

// Show says that n parts are done.
func (b *Bar) Show(n int) {
	const width = 40
	if b.terminal {
		full := min(width, n*width/b.total)
		fmt.Fprintf(b.w, "\r%s [%s%s] %d of %d ", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), n, b.total) //nolint:errcheck // only progress
		return
	}
	if tenth := n * 10 / b.total; tenth > b.shown {
		b.shown = tenth
		fmt.Fprintf(b.w, "%s %d of %d\n", b.what, n, b.total) //nolint:errcheck // only progress
	}
}

// End ends the bar's line.
func (b *Bar) End() {
	if b.terminal {
		fmt.Fprintln(b.w) //nolint:errcheck // only progress
	}
}
