package view

import (
	"bytes"
	"testing"
)

// TestBar holds what a file gets of a bar: a line for each tenth that is reached, and nothing for work that never began.
func TestBar(t *testing.T) {
	for name, test := range map[string]struct {
		total int
		want  string
	}{
		"tenths":        {total: 40, want: "rows read 0 of 40\nrows read 20 of 40\nrows read 40 of 40\n"},
		"nothing to do": {total: 0, want: "rows read 0 of 1\nrows read 1 of 1\n"},
		"never begun":   {total: -1},
	} {
		var out bytes.Buffer
		bar := NewBar(NewVisibleWriter(&out), "rows read")
		if test.total >= 0 {
			most := max(1, test.total)
			for _, n := range []int{0, most / 2, most/2 + most/40, most} {
				bar.Show(n, test.total)
			}
		}
		bar.End()
		if out.String() != test.want {
			t.Errorf("%s: %q", name, out.String())
		}
	}
	var out bytes.Buffer
	screen := Bar{w: &out, what: "rows read", terminal: true, shown: -1}
	screen.End()
	screen.Show(5, 10)
	screen.End()
	if want := "\rrows read [####################....................] 5 of 10 \n"; out.String() != want {
		t.Errorf("on a terminal: %q", out.String())
	}
}
