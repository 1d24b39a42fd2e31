package main

import (
	"fmt"
	"io"
	"strings"
)

// bar shows how far a long work is: as a bar on a terminal, as a line for each tenth elsewhere.
type bar struct {
	w        io.Writer
	what     string
	total    int
	terminal bool
	shown    int // tenths that were shown
}

func newBar(w io.Writer, what string, total int) *bar {
	return &bar{w: unescaped(w), what: what, total: max(1, total), terminal: isTerminal(w), shown: -1}
}

func (b *bar) show(n int) {
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

func (b *bar) end() {
	if b.terminal {
		fmt.Fprintln(b.w) //nolint:errcheck // only progress
	}
}
