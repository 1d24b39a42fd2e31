package celrule_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// BenchmarkLongList loads a rule that picks rows by a list in a file, as long as one may be and shorter. B/item is what is allocated
// for an item in all, of which the loaded rules keep about a half.
func BenchmarkLongList(b *testing.B) {
	rule := pack(`
rules:
  - id: bench.list
    title: Somebody on the list
    tables: [SigninLogs]
    when: event.UserPrincipalName in context.list("long")
    severity: low
`)
	for _, items := range []int{1000, 100_000, rulefile.MaxWatchlistItems} {
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			var text bytes.Buffer
			for i := range items {
				fmt.Fprintf(&text, "u%07d@c.io\n", i)
			}
			files := []enrich.File{rule, {Name: "context.yaml", Data: []byte("lists: {long: {file: long.txt}}\n")}, {Name: "long.txt", Data: text.Bytes()}}
			b.ReportAllocs()
			for b.Loop() {
				if err := celrule.New().Configure(b.Context(), enrich.Config{Files: files, Settings: []byte("context_file: context.yaml\n")}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*items), "ns/item")
		})
	}
}
