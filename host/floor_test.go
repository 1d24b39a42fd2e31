//go:build unix

package host_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// floor does by hand, one event after the other, what nobody can leave out who sends these rows to a collector, and
// returns how many there were: read a line, split it into cells, write the same envelope as the sink, compress a megabyte as
// the sink does, post it. There is no ledger, no module, no retry, no second sink.
func floor(b *testing.B, rows, url string) (events int) {
	b.Helper()
	f, err := os.Open(rows)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	lines, parser := bufio.NewReaderSize(f, 256<<10), enrich.NewObjectParser(schema.TypeOf)
	var bodies endpoint.Bodies
	var body []byte
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			postFloor(b, &bodies, url, body)
			return events
		}
		if err != nil {
			b.Fatal(err)
		}
		table, _, row, err := parser.Parse(line)
		if err != nil {
			b.Fatal(err)
		}
		body = appendEnvelope(body, table, &row)
		if events++; len(body) >= 1<<20 {
			postFloor(b, &bodies, url, body)
			body = body[:0]
		}
	}
}

func appendEnvelope(body []byte, table string, row *enrich.Row) []byte {
	at, _ := time.Parse(time.RFC3339Nano, row.Text("TimeGenerated"))
	body = strconv.AppendFloat(append(body, `{"time":`...), float64(at.UnixMilli())/1000, 'f', 3, 64)
	body = append(body, `,"host":"host.example.com","source":"riskrelay:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0","sourcetype":"azure:loganalytics:`...)
	body = append(append(body, table...), `","event":{`...)
	body = append(row.AppendFields(body), `},"fields":{"event_id":`...)
	return append(append(body, row.Lookup("_ItemId")...), "}}\n"...)
}

func postFloor(b *testing.B, bodies *endpoint.Bodies, url string, body []byte) {
	b.Helper()
	packed := bodies.Pack(body, true)
	defer bodies.Put(packed)
	reply, err := http.Post(url, "application/json", bytes.NewReader(packed.Bytes()))
	if err != nil {
		b.Fatal(err)
	}
	defer reply.Body.Close()
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		b.Fatal(err)
	}
}

// processorTime is how long this process has kept processors busy, in all its threads.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// floorEvents is how many events a round of BenchmarkFloor moves: so many that starting the program doesn't matter.
const floorEvents = 100_000

// BenchmarkFloor compares the processor time of the whole pipeline without rules with that of the floor, in turn, on
// the same rows and the same collector (in this process, so its time counts in both), and reports both for an event and
// the median of their ratios.
func BenchmarkFloor(b *testing.B) {
	rig := newBenchRig(b, floorEvents)
	var floors, pipelines, ratios []float64
	for b.Loop() {
		begin := processorTime(b)
		if n := floor(b, rig.rows, rig.url); n != floorEvents {
			b.Fatalf("%d events", n)
		}
		between := processorTime(b)
		rig.move(b, false)
		low, all := between-begin, processorTime(b)-between
		floors, pipelines = append(floors, low.Seconds()/floorEvents*1e6), append(pipelines, all.Seconds()/floorEvents*1e6)
		ratios = append(ratios, all.Seconds()/low.Seconds())
	}
	b.ReportMetric(median(floors), "floor-µs/event")
	b.ReportMetric(median(pipelines), "pipeline-µs/event")
	b.ReportMetric(median(ratios), "ratio")
}
