package shapes

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/riskrelay/riskrelay/host/source/file"
)

// repeated is a text that has its middle many times: as long as asked for, without taking memory.
type repeated struct {
	begin, middle, end []byte
	times              int
	at                 []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	for len(r.at) == 0 {
		switch {
		case r.begin != nil:
			r.at, r.begin = r.begin, nil
		case r.times > 0:
			r.at = r.middle
			r.times--
		case r.end != nil:
			r.at, r.end = r.end, nil
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, r.at)
	r.at = r.at[n:]
	return n, nil
}

// long is a text of about size bytes in the shape of w, and how many events it holds.
func long(t testing.TB, w *writer, rows []object, size int) (r *repeated, events int) {
	one, two := w.write(t, rows), w.write(t, append(append([]object{}, rows...), rows...))
	same := 0 // how much of the beginning the two share: up to behind the last row of the first
	for same < len(one) && one[same] == two[same] {
		same++
	}
	tail := len(one) - same
	middle := two[same : len(two)-tail]
	times := max(1, size/max(1, len(middle)))
	return &repeated{begin: one[:same], middle: middle, end: one[same:], times: times}, len(rows) * (times + 1)
}

// longWriters are those whose text can be made longer by repeating a piece of it.
func longWriters() (all []writer) {
	for _, w := range writers() {
		if w.name != "records" {
			all = append(all, w)
		}
	}
	return append(all, writer{"records", "records", nil, func(t testing.TB, rows []object) []byte {
		return encode(t, object{"records": records(t, rows)})
	}})
}

// readAll reads all events of r, and says how many there are and the most memory that was in use, looked at now and then.
func readAll(t testing.TB, r io.Reader, look bool) (events int, most uint64) {
	reader := file.NewReader(r, "x", func(e *file.LineError) error { return e })
	for batch := 0; ; batch++ {
		some, err := reader.Next()
		events += len(some)
		if errors.Is(err, io.EOF) {
			return events, most
		}
		if err != nil {
			t.Fatal(err)
		}
		if look && batch%16 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
}

func tableOf(w *writer) string {
	if w.takes("AuditLogs") {
		return "AuditLogs"
	}
	return "OfficeActivity"
}

// TestMemoryFollowsTheEventNotTheFile reads a text and one that is eight times as long: in about the same memory.
func TestMemoryFollowsTheEventNotTheFile(t *testing.T) {
	rows := samples(t)
	for _, w := range longWriters() {
		const size = 2 << 20
		short, want := long(t, &w, rows[tableOf(&w)], size)
		events, least := readAll(t, short, true)
		if events != want {
			t.Fatalf("%s: %d events, want %d", w.name, events, want)
		}
		longer, want := long(t, &w, rows[tableOf(&w)], 8*size)
		events, most := readAll(t, longer, true)
		if events != want {
			t.Fatalf("%s: %d events, want %d", w.name, events, want)
		}
		if most > 2*least {
			t.Errorf("%s: %d bytes of memory for %d of text, %d for eight times as much", w.name, least, size, most)
		}
	}
}

// BenchmarkRead reads 16 MB of each shape, or as many bytes as RISKRELAY_READ says: what an event costs in nanoseconds, how many times
// what the same event costs as a row a line, and the most memory that is in use.
func BenchmarkRead(b *testing.B) {
	size := 16 << 20
	if text := os.Getenv("RISKRELAY_READ"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	rows := samples(b)
	asRows := map[string]float64{} // what an event costs as a row, by table
	for _, w := range longWriters() {
		for _, table := range []string{"AuditLogs", "SigninLogs", "OfficeActivity"} {
			if !w.takes(table) || w.name == "records" && table == "OfficeActivity" {
				continue
			}
			b.Run(w.name+"/"+table, func(b *testing.B) {
				text, _ := long(b, &w, rows[table], size)
				events := 0
				for b.Loop() {
					again := *text
					n, _ := readAll(b, &again, false)
					events += n
				}
				each := float64(b.Elapsed().Nanoseconds()) / float64(events)
				if w.name == "rows" {
					asRows[table] = each
				}
				again := *text
				_, most := readAll(b, &again, true)
				b.ReportMetric(each, "ns/event")
				b.ReportMetric(each/asRows[table], "times-a-row")
				b.ReportMetric(float64(most)/(1<<20), "MiB")
			})
		}
	}
}
