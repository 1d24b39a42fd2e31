package view

import (
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/riskrelay/riskrelay/enrich"
)

// VisibleWriter is the way of all output of all commands to people: hidden characters, which come from rows, rules and
// servers, are escaped as JSON does, so that JSON means the same and a terminal isn't told anything.
type VisibleWriter struct {
	to io.Writer

	mu      sync.Mutex
	begun   []byte // the first bytes of a character whose others come with the next Write
	escaped []byte
}

// NewVisibleWriter returns a writer whose output goes to w.
func NewVisibleWriter(w io.Writer) *VisibleWriter { return &VisibleWriter{to: w} }

// Write writes p and keeps a character back of which only the beginning is in it.
func (w *VisibleWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.begun) == 0 && plainText(p) {
		return w.to.Write(p)
	}
	text := append(w.begun, p...)
	whole := len(text)
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				whole -= n
			}
			break
		}
	}
	w.escaped = enrich.AppendVisible(w.escaped[:0], text[:whole])
	w.begun = append([]byte(nil), text[whole:]...)
	if _, err := w.to.Write(w.escaped); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainText reports whether p is ASCII without anything hidden.
func plainText(p []byte) bool {
	for _, b := range p {
		if b >= utf8.RuneSelf || b < ' ' && b != '\n' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}

// Unescaped is what w writes to, for what a command itself tells a terminal.
func Unescaped(w io.Writer) io.Writer {
	if v, ok := w.(*VisibleWriter); ok {
		return v.to
	}
	return w
}

// Size is how many columns and lines the terminal has that w writes to; none when it is no terminal, or doesn't say.
func Size(w io.Writer) (columns, lines int) {
	if !IsTerminal(w) {
		return 0, 0
	}
	columns, lines, err := term.GetSize(int(Unescaped(w).(*os.File).Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, lines
}

// IsTerminal reports whether w ends at a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := Unescaped(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
