package view

import (
	"strings"
	"text/tabwriter"
)

// table is rows of cells in columns that are as wide as they must be, two blanks apart. The last cell of a row isn't filled up.
func table(rows [][]string) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range rows {
		_, _ = t.Write([]byte(strings.Join(cells, "\t") + "\n"))
	}
	_ = t.Flush() // a strings.Builder takes everything
	return b.String()
}
