//go:build unix

package host_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkFlat moves ten thousand, a hundred thousand, a million and ten million small events from a file to a collector,
// and reports the processor time of an event for each: it must not grow with their number. It needs 3 GB of disk.
func BenchmarkFlat(b *testing.B) {
	for _, events := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(events), func(b *testing.B) {
			rig := newBenchRig(b, 0)
			rig.events, rig.rows = events, filepath.Join(b.TempDir(), "small.ndjson")
			writeSmall(b, rig.rows, events)
			var each []float64
			for b.Loop() {
				before := processorTime(b)
				rig.move(b, false)
				each = append(each, (processorTime(b)-before).Seconds()/float64(events)*1e6)
			}
			b.ReportMetric(median(each), "µs/event")
		})
	}
}

func writeSmall(b *testing.B, path string, events int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<20)
	for i := range events {
		fmt.Fprintf(out, `{"_ItemId":"row-%08d","Type":"AuditLogs","TimeGenerated":"2026-03-02T10:%02d:%02d.%06dZ",`+
			`"OperationName":"Update application","Result":"success","CorrelationId":"%08x-0000-4000-8000-%012x","Category":"ApplicationManagement"}`+"\n",
			i, i/60%60, i%60, i%1_000_000, i, i*7)
	}
	if err := out.Flush(); err != nil {
		b.Fatal(err)
	}
}
