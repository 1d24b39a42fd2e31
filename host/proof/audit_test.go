package proof_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/proof"
)

// row is a row of a workspace: queries see it from a time on that may be days behind its ingestion.
type row struct{ ingested, visible time.Time }

// workspace is a table in simulated time.
type workspace struct {
	rows   []row
	every  time.Duration // the length of a window
	broken func() bool
	asked  atomic.Int64
}

// Changes has the columns change in the second half of each hour.
func (w *workspace) Changes(from, to time.Time) []string {
	if half := from.Truncate(time.Hour).Add(30 * time.Minute); half.Before(from) || !half.Before(to) {
		return nil
	}
	return []string{"Foo (string) is new"}
}

const settle = 2 * time.Minute

func (w *workspace) stream(begin time.Time) pipeline.Stream {
	return pipeline.Stream{
		Name: "la:w:T", Table: "T", Source: w, Count: w.count,
		Plan: func(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
			if frontier.IsZero() {
				frontier = begin
			}
			if early := w.every - time.Now().Add(-settle).Sub(frontier); early > 0 {
				return pipeline.Window{}, early, false, nil
			}
			return pipeline.Window{From: frontier, To: frontier.Add(w.every)}, 0, true, nil
		},
	}
}

// there are the serials of the rows of a window that queries see now.
func (w *workspace) there(win pipeline.Window) (list []int) {
	for i, r := range w.rows {
		if !r.ingested.Before(win.From) && r.ingested.Before(win.To) && !r.visible.After(time.Now()) {
			list = append(list, i)
		}
	}
	return list
}

func (w *workspace) Read(_ context.Context, win pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	list := w.there(win)
	if at := slices.IndexFunc(list, func(i int) bool { return pipeline.Mark(strconv.Itoa(i)) == after }); after != "" {
		list = list[at+1:]
	}
	fresh := after == ""
	for chunk := range slices.Chunk(list, 7) {
		b := pipeline.Batch{Fresh: fresh, Next: pipeline.Mark(strconv.Itoa(chunk[len(chunk)-1]))}
		fresh = false
		for _, i := range chunk {
			b.Events = append(b.Events, enrich.Event{ID: strconv.Itoa(i)})
			b.Runs = append(b.Runs, pipeline.Run{Minute: w.rows[i].ingested.Truncate(time.Minute), Rows: 1})
		}
		if err := deliver(b); err != nil {
			return err
		}
	}
	if w.broken != nil && w.broken() {
		return errors.New("cut off")
	}
	return nil
}

func (w *workspace) count(_ context.Context, win pipeline.Window) (runs []pipeline.Run, err error) {
	w.asked.Add(1)
	for _, i := range w.there(win) {
		minute := w.rows[i].ingested.Truncate(time.Minute)
		if n := len(runs); n == 0 || !runs[n-1].Minute.Equal(minute) {
			runs = append(runs, pipeline.Run{Minute: minute})
		}
		runs[len(runs)-1].Rows++
	}
	return runs, nil
}

// siem is a sink in memory.
type siem struct {
	mu   sync.Mutex
	got  map[string]int
	late []string // the ids of events that say so
	dead func() bool
	rows map[string]string // of summaries
}

func (s *siem) keep(e enrich.Event) {
	if s.rows == nil {
		s.rows = map[string]string{}
	}
	s.rows[e.ID] = string(e.Row.AppendFields(nil))
}

func (s *siem) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != nil && s.dead() {
		return pipeline.Receipt{}, errors.New("no route")
	}
	for _, e := range events {
		if s.got[e.ID]++; e.Late {
			s.late = append(s.late, e.ID)
		}
		if e.Table == proof.SummaryTable {
			s.keep(e)
		}
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (*siem) Close() error { return nil }

// rig is a pipeline with its audits.
type rig struct {
	pipeline *pipeline.Pipeline
	ledger   *ledger.Ledger
	auditor  *proof.Auditor
	late     int64
	dir      string // the ledger's
}

func assemble(t *testing.T, s pipeline.Stream, sinks map[string]*siem) *rig {
	t.Helper()
	dir := t.TempDir()
	store, err := boltstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	log := logrus.New()
	log.SetOutput(io.Discard)
	r := &rig{ledger: ledger.New(store), dir: dir}
	r.pipeline = &pipeline.Pipeline{
		Streams: []pipeline.Stream{s}, Enricher: &enrich.Enricher{}, Ledger: r.ledger, Log: log, Stats: &pipeline.Stats{},
	}
	check := proof.Check{Proof: r.ledger.Proof}
	for name, sink := range sinks {
		health := &pipeline.Health{}
		r.pipeline.Outlets = append(r.pipeline.Outlets, pipeline.Outlet{
			Name: name, Sink: &pipeline.Retry{Sink: sink, Health: health}, Concurrency: 2, Health: health,
		})
		check.Sinks = append(check.Sinks, name)
	}
	r.auditor = &proof.Auditor{
		Check: check, Streams: r.pipeline.Streams, Record: r.pipeline.Record, Log: log,
		Late: func(_ string, rows int64) { r.late += rows }, Lock: func() func() { return func() {} },
	}
	return r
}

// run runs for d of simulated time.
func (r *rig) run(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(d, cancel)
	var audits sync.WaitGroup
	audits.Go(func() { r.auditor.Run(ctx) })
	if err := r.pipeline.Run(ctx); err != nil {
		t.Error(err)
	}
	audits.Wait()
}

// TestLateRowsArrive runs a day of rows, of which a third come up to two days late, to two sinks, of which one is
// away for a while: no row is missing in the end, and the proof says so.
func TestLateRowsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		random := rand.New(rand.NewPCG(3, 4))
		w := &workspace{every: 30 * time.Minute}
		for i := range 1500 {
			at := begin.Add(time.Duration(i) * 24 * time.Hour / 1500)
			r := row{at, at}
			if random.IntN(3) == 0 {
				r.visible = at.Add(time.Duration(random.Int64N(int64(47 * time.Hour))))
			}
			w.rows = append(w.rows, r)
		}
		var mu sync.Mutex
		w.broken = func() bool {
			mu.Lock()
			defer mu.Unlock()
			return random.IntN(20) == 0
		}
		sinks := map[string]*siem{"hec": {got: map[string]int{}}, "syslog": {got: map[string]int{}}}
		sinks["syslog"].dead = func() bool { h := time.Since(begin).Hours(); return h > 5 && h < 11 }
		r := assemble(t, w.stream(begin), sinks)
		r.run(t, 76*time.Hour)
		for name, s := range sinks {
			if len(s.got) != len(w.rows) {
				t.Errorf("%s has %d of %d rows", name, len(s.got), len(w.rows))
			}
		}
		if r.late < 100 {
			t.Errorf("%d rows came late", r.late)
		}
		if w.asked.Load() > 700 {
			t.Errorf("%d queries for audits", w.asked.Load())
		}
		report := r.verify(t, proof.Request{From: begin, To: begin.Add(24 * time.Hour), Bin: time.Hour})
		if report.Differs > 0 || report.Open > 0 || len(report.Bins) != 24 {
			t.Errorf("report %+v", report)
		}
	})
}

func (r *rig) verify(t *testing.T, request proof.Request) proof.Report {
	t.Helper()
	report, err := r.auditor.Verify(t.Context(), r.pipeline.Streams, r.ledger.Open, request)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestVerify has a row come behind the window of its minute: the bin differs, is repaired, and is whole then.
func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		w := &workspace{every: 10 * time.Minute}
		for i := range 60 {
			at := begin.Add(time.Duration(i) * time.Minute)
			w.rows = append(w.rows, row{at, at}, row{at, at})
		}
		w.rows[20].visible = begin.Add(70 * time.Minute)
		sink := &siem{got: map[string]int{}}
		r := assemble(t, w.stream(begin), map[string]*siem{"hec": sink})
		r.auditor.Streams = nil // no audits
		r.run(t, 45*time.Minute)
		hour := proof.Request{From: begin, To: begin.Add(time.Hour), Bin: time.Hour}
		bin := r.verify(t, hour).Bins[0]
		if bin.State != proof.Pending || bin.Rows != 91 || bin.Sinks["hec"].Confirmed != 79 || bin.Sinks["hec"].Open != 12 {
			t.Errorf("while it is read: %+v", bin)
		}
		r.run(t, 45*time.Minute)
		bin = r.verify(t, hour).Bins[0]
		if bin.State != proof.Differs || bin.Rows != 120 || bin.Read != 119 || bin.Sinks["hec"].Missing != 1 {
			t.Errorf("before the repair: %+v", bin)
		}
		minute := hour
		minute.Bin, minute.Repair = time.Minute, true
		report := r.verify(t, minute)
		if report.Differs != 1 || report.Repaired != 1 || report.Left != 1 || len(report.Bins) != 60 {
			t.Errorf("repair: %+v", report)
		}
		if bin = r.verify(t, hour).Bins[0]; bin.State != proof.Pending || bin.Sinks["hec"].Open != 2 {
			t.Errorf("during the repair: %+v", bin)
		}
		r.run(t, time.Minute)
		report = r.verify(t, hour)
		if bin = report.Bins[0]; bin.State != proof.OK || bin.Sinks["hec"].Confirmed != 120 || report.Left != 0 {
			t.Errorf("after the repair: %+v", report)
		}
		if !slices.Equal(sink.late, []string{"20", "21"}) || sink.got["20"] != 1 || sink.got["21"] != 2 || len(sink.got) != 120 {
			t.Errorf("the late row was sent %d times, its neighbor %d times; late are %v", sink.got["20"], sink.got["21"], sink.late)
		}
	})
}

func TestVerifyRefusesWhatMakesNoSense(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	var c proof.Check
	for i, r := range []proof.Request{
		{From: at, To: at, Bin: time.Hour},
		{From: at, To: at.Add(time.Hour), Bin: time.Second},
		{From: at, To: at.Add(1000 * time.Hour), Bin: time.Hour},
		{From: at, To: at.Add(time.Hour), Bin: time.Hour, Table: "Unknown"},
	} {
		if _, err := c.Verify(t.Context(), nil, nil, r); !errors.As(err, new(*proof.RequestError)) {
			t.Errorf("%d: %v", i, err)
		}
	}
	s := pipeline.Stream{Name: "la:w:T", Count: func(context.Context, pipeline.Window) ([]pipeline.Run, error) {
		return nil, fmt.Errorf("no route")
	}}
	_, err := c.Verify(t.Context(), []pipeline.Stream{s}, func(string) (pipeline.Record, error) { return pipelineRecord{}, nil },
		proof.Request{From: at, To: at.Add(time.Hour), Bin: time.Hour})
	if !errors.As(err, new(*proof.AskError)) {
		t.Errorf("error is %v", err)
	}
}

// pipelineRecord is an empty one.
type pipelineRecord struct{ pipeline.Record }

func (pipelineRecord) State() *pipeline.State { return &pipeline.State{} }

// TestSummaries has the hours of a table come as events, behind their first audit and once each.
func TestSummaries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now().Truncate(time.Hour)
		w := &workspace{every: 10 * time.Minute}
		for i := range 90 {
			at := begin.Add(time.Duration(i) * time.Minute)
			w.rows = append(w.rows, row{at, at})
		}
		sink := &siem{got: map[string]int{}}
		r := assemble(t, w.stream(begin), map[string]*siem{"hec": sink})
		r.pipeline.Streams = append(r.pipeline.Streams, r.auditor.Summaries())
		r.run(t, 4*time.Hour)
		for h, want := range map[int]string{0: `"Rows":60`, 1: `"Rows":30`, 2: `"Rows":0`} {
			id := "summary-la:w:T-" + begin.Add(time.Duration(h)*time.Hour).UTC().Format(time.RFC3339)
			if sink.got[id] != 1 || !strings.Contains(sink.rows[id], want) || !strings.Contains(sink.rows[id], `"State":"ok"`) ||
				!strings.Contains(sink.rows[id], `"SchemaChanges":["Foo (string) is new"]`) {
				t.Errorf("%s came %d times: %s", id, sink.got[id], sink.rows[id])
			}
		}
		// The file is also what the searches of packaging/splunk are tried on.
		golden, err := os.ReadFile("testdata/summary.json")
		if first := sink.rows["summary-la:w:T-"+begin.UTC().Format(time.RFC3339)]; err != nil || "{"+first+"}\n" != string(golden) {
			t.Errorf("testdata/summary.json: %v; it would be\n{%s}", err, first)
		}
	})
}
