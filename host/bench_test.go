package host_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// benchEvents is how many events a round of BenchmarkPipeline moves.
const benchEvents = 20_000

// BenchmarkPipeline moves a day of events from a file through the pipeline to a collector that throws them away, in
// turn without rules and with the built-in ones, and reports events/s of both and the ratio of their times (median
// of the rounds).
func BenchmarkPipeline(b *testing.B) {
	rig := newBenchRig(b, benchEvents)
	var without, with, ratios []float64
	for b.Loop() {
		off := rig.move(b, false)
		on := rig.move(b, true)
		without, with = append(without, benchEvents/off.Seconds()), append(with, benchEvents/on.Seconds())
		ratios = append(ratios, on.Seconds()/off.Seconds())
	}
	b.ReportMetric(median(without), "events/s-no-rules")
	b.ReportMetric(median(with), "events/s-built-in-rules")
	b.ReportMetric(median(ratios), "ratio")
}

// benchRig is what benchmarks move events with: a day of rows in a file, and a collector that throws events away.
type benchRig struct {
	events           int
	rows, url, token string
}

func newBenchRig(b *testing.B, events int) benchRig {
	b.Helper()
	dir := b.TempDir()
	rows := filepath.Join(dir, "rows.ndjson")
	writeDay(b, rows, events)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	}))
	b.Cleanup(collector.Close)
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("fake-token"), 0o600); err != nil {
		b.Fatal(err)
	}
	return benchRig{events: events, rows: rows, url: collector.URL, token: token}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func writeDay(b *testing.B, path string, events int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for i, r := range story.Day(1, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), events) {
		fmt.Fprintf(f, `{"_ItemId":"row-%d",%s`+"\n", i, r.JSON[1:])
	}
}

// move moves all rows once and returns how long it took.
func (r benchRig) move(b *testing.B, rules bool) time.Duration {
	b.Helper()
	c := config.Defaults()
	c.DataDir, c.Rules.Builtin, c.Sources.Files = b.TempDir(), rules, []string{r.rows}
	hec := splunkhec.Defaults()
	hec.URL, hec.TokenFile = r.url, r.token
	c.Sinks.SplunkHEC = []config.SplunkHEC{{Name: "hec", Config: hec}}
	log := logrus.New()
	log.SetOutput(io.Discard)
	h, err := host.New(b.Context(), c, host.Options{Log: log, Once: true})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	begin := time.Now()
	if err := h.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	if got := h.Figures().Sinks["hec"].Confirmed; got != int64(r.events) {
		b.Fatalf("%d events confirmed", got)
	}
	return time.Since(begin)
}
