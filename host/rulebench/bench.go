//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/celrule/celruletest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/source/file"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// hitEvery is how seldom an event matches a rule: three in a hundred.
const hitEvery = 33

// bench is what all runs share.
type bench struct {
	dir       string
	rows      []story.Row
	collector *httptest.Server
	sink      *splunkhec.Sink
	perEvent  int // bytes
}

// compiled is a rule set in a module.
type compiled struct {
	*celrule.Module
	cpu   time.Duration
	bytes float64
}

func newBench(events int) (*bench, error) {
	dir, err := os.MkdirTemp("", "rulebench")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	b := &bench{dir: dir, rows: story.Day(1, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), events)}
	b.collector = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what breaks the connection shows in the sink
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	}))
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("fake-token"), 0o600); err != nil {
		b.close()
		return nil, fmt.Errorf("write the token: %w", err)
	}
	c := splunkhec.Defaults()
	c.URL, c.TokenFile = b.collector.URL, token
	if b.sink, err = splunkhec.New(c); err != nil {
		b.close()
		return nil, fmt.Errorf("make the sink: %w", err)
	}
	return b, nil
}

func (b *bench) close() {
	b.collector.Close()
	_ = os.RemoveAll(b.dir) // it lies in the directory for temporary files
}

// prepare compiles the rules of m.
func (b *bench) prepare(m *measured) error {
	m.set = celruletest.Rules(m.rules, m.keyless)
	rules := celruletest.File(m.set)
	before, used := heap(), cpu()
	module := celrule.New()
	if err := module.Configure(context.Background(), enrich.Config{Files: []enrich.File{rules}}); err != nil {
		return fmt.Errorf("compile %d rules: %w", m.rules, err)
	}
	m.compiled = &compiled{Module: module, cpu: cpu() - used}
	m.compiled.bytes = float64(heap() - before)
	runtime.KeepAlive(rules)
	return nil
}

// input is the day as a file, with what the rules of m look for in every 33rd row.
func (b *bench) input(m *measured) []byte {
	var out bytes.Buffer
	next := 0
	for i, r := range b.rows {
		row := fmt.Appendf(nil, `{"_ItemId":"00000000-0000-4000-8000-%012d",%s`, i, r.JSON[1:])
		if i%hitEvery == 0 {
			row = plant(m.set, &next, r.Table, row)
		}
		out.Write(row)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// plant puts in what the next of the rules that is about the row's table looks for.
func plant(rules []celruletest.Rule, next *int, table string, row []byte) []byte {
	for k := range rules {
		r := rules[(*next+k)%len(rules)]
		if r.Table != table {
			continue
		}
		if planted, ok := r.Plant(row); ok {
			*next += k + 1
			return planted
		}
	}
	return row
}

// pipeline reads, tags and sends all rows, and returns the CPU time of an event. Without rules c is nil.
func (b *bench) pipeline(c *compiled, m *measured) (float64, error) {
	input := b.input(m)
	b.perEvent = len(input) / len(b.rows)
	enricher := enrich.NewEnricher()
	if c != nil {
		enricher = enrich.NewEnricher(c)
	}
	runtime.GC()
	begin, hits, sent := cpu(), 0, 0
	reader := file.NewReader(bytes.NewReader(input), "rows", func(e *file.LineError) error { panic(e) })
	for {
		events, err := reader.Next()
		if err != nil {
			break // io.EOF: bytes in memory fail no other way
		}
		enricher.Enrich(context.Background(), events)
		for i := range events {
			if events[i].Risk.Tagged() {
				hits++
			}
		}
		receipt, err := b.sink.Send(context.Background(), events)
		if err != nil {
			return 0, fmt.Errorf("send: %w", err)
		}
		sent += receipt.Events
	}
	used := cpu() - begin
	if sent != len(b.rows) {
		return 0, fmt.Errorf("%d of %d events were sent", sent, len(b.rows))
	}
	if c != nil {
		m.hits = hits
	}
	return float64(used) / float64(len(b.rows)), nil
}

// events are the rows of m as events.
func (b *bench) events(m *measured) [][]enrich.Event {
	var out [][]enrich.Event
	reader := file.NewReader(bytes.NewReader(b.input(m)), "rows", func(e *file.LineError) error { panic(e) })
	for {
		events, err := reader.Next()
		if err != nil {
			return out
		}
		out = append(out, events)
	}
}

// engine returns the CPU time of an event in the module alone.
func (b *bench) engine(m *measured) float64 {
	batches := b.events(m)
	runtime.GC()
	begin := cpu()
	for _, events := range batches {
		if _, err := m.compiled.Tag(context.Background(), events); err != nil {
			panic(err) // only a context that ends is an error
		}
	}
	return float64(cpu()-begin) / float64(len(b.rows))
}

// every is engine without the index, on as many events as take a few seconds.
func (b *bench) every(m *measured) float64 {
	n, batches := 0, b.events(m)
	runtime.GC()
	begin := cpu()
	for _, events := range batches {
		for start := 0; start < len(events) && cpu()-begin < 2*time.Second; start += 64 {
			block := events[start:min(start+64, len(events))]
			if _, err := m.compiled.TagEvery(context.Background(), block); err != nil {
				panic(err)
			}
			n += len(block)
		}
	}
	return float64(cpu()-begin) / float64(n)
}

// cpu is the CPU time of the process so far.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err) // never for this process
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
