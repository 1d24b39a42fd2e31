package view

import (
	"bytes"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestVisibleWriter writes a text in pieces of each size: characters are seldom whole.
func TestVisibleWriter(t *testing.T) {
	const text = "plain\nZürich 東京 \u202e👩‍🚀 \U000E0041\x1b[31m \xff\n"
	for size := 1; size <= len(text); size++ {
		var out bytes.Buffer
		w := NewVisibleWriter(&out)
		for rest := []byte(text); len(rest) > 0; {
			piece := rest[:min(size, len(rest))]
			if n, err := w.Write(piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
			rest = rest[len(piece):]
		}
		if want := enrich.Visible(text); out.String() != want {
			t.Errorf("in pieces of %d bytes: %q, not %q", size, out.String(), want)
		}
	}
}
