package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// benchEvents are rows of about 2.4 KB with twenty columns, of which a module wants one of 20 bytes.
func benchEvents(n int) []enrich.Event {
	names, types := []string{"Word"}, []enrich.Type{enrich.String}
	array := []byte(`["some ordinary text"`)
	for i := range 19 {
		names, types = append(names, fmt.Sprintf("Column%d", i)), append(types, enrich.String)
		array = append(array, `,"`+strings.Repeat("x", 120)+`"`...)
	}
	array = append(array, ']')
	columns := enrich.NewColumns(names, types)
	all := make([]enrich.Event, n)
	for i := range all {
		row, err := enrich.SplitArray(columns, array)
		if err != nil {
			panic(err)
		}
		all[i] = enrich.NewEvent("AuditLogs", row)
	}
	return all
}

func benchmarkTag(b *testing.B, m enrich.Module, n int) {
	b.Helper()
	configure(b, m, "fish")
	batch := benchEvents(n)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if _, err := m.Tag(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	events := float64(b.N) * float64(n)
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
}

// BenchmarkTag measures what the boundary costs, with a module that does next to nothing.
func BenchmarkTag(b *testing.B) {
	b.Run("in process/512", func(b *testing.B) { benchmarkTag(b, &module{mode: "good"}, 512) })
	b.Run("process, one column/512", func(b *testing.B) { benchmarkTag(b, launch(b, options(b, "good")), 512) })
	b.Run("process, all columns/512", func(b *testing.B) { benchmarkTag(b, launch(b, options(b, "all-columns")), 512) })
	b.Run("process, one column/1", func(b *testing.B) { benchmarkTag(b, launch(b, options(b, "good")), 1) })
}

// BenchmarkLaunch measures a start, mutual TLS included.
func BenchmarkLaunch(b *testing.B) {
	o := options(b, "good")
	for b.Loop() {
		p, err := Launch(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		_ = p.Close()
	}
}
