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
	terminal bool
	shown    int // tenths that were shown, below 0 for nothing yet
}

// NewBar returns a bar for work whose parts are called what: "rows read".
func NewBar(w io.Writer, what string) *Bar {
	return &Bar{w: Unescaped(w), what: what, terminal: IsTerminal(w), shown: -1}
}

// Show says that n parts of total are done.
func (b *Bar) Show(n, total int) {
	const width = 40
	total = max(1, total)
	tenth := n * 10 / total
	switch {
	case b.terminal:
		full := min(width, n*width/total)
		fmt.Fprintf(b.w, "\r%s [%s%s] %d of %d ", b.what, strings.Repeat("#", full), strings.Repeat(".", width-full), n, total) //nolint:errcheck // only progress
	case tenth > b.shown:
		fmt.Fprintf(b.w, "%s %d of %d\n", b.what, n, total) //nolint:errcheck // only progress
	}
	b.shown = max(b.shown, tenth)
}

// End ends the bar's line, if there is one.
func (b *Bar) End() {
	if b.terminal && b.shown >= 0 {
		fmt.Fprintln(b.w) //nolint:errcheck // only progress
	}
}
