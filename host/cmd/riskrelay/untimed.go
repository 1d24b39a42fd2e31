package main

import (
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// untimed counts rows whose time can't be read, and keeps what stands in the place of the first one's.
type untimed struct {
	rows  int
	first string
}

func (u *untimed) note(e *enrich.Event) {
	if !e.Time.IsZero() {
		return
	}
	text := e.UnknownTime()
	if text == "" {
		return // the row says nothing of its time
	}
	if u.rows++; u.rows == 1 {
		const shown = 60 // characters; any time is shorter
		u.first, _ = diag.CutAt(text, shown)
	}
}

// tell writes a warning to w if there were such rows.
func (u *untimed) tell(w io.Writer) {
	if u.rows > 0 {
		fmt.Fprintf(w, "warning: the time of %s can't be read (TimeGenerated is %q in the first): no rule says anything of time or business hours there\n", //nolint:errcheck // nobody is left to tell
			diag.Count(u.rows, "row"), u.first)
	}
}
