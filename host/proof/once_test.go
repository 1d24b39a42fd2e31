package proof_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
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

const (
	onceRows = 400
	refusal  = 17 // of so many rows one is refused for good
)

// mortal is a ledger's file that fails now and then, and whose process dies: before a write or behind it.
type mortal struct {
	*boltstore.Store
	*dice
	calm func() bool
	mu   sync.Mutex
	dead bool
}

func (m *mortal) Commit(b ledger.Batch) (map[ledger.Key]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch n := m.below(400); {
	case m.calm():
		return m.Store.Commit(b)
	case m.dead || n == 0:
	case n == 1:
		if _, err := m.Store.Commit(b); err != nil {
			return nil, err
		}
	case n < 20:
		return nil, errors.New("no space left on device")
	default:
		return m.Store.Commit(b)
	}
	m.dead = true
	return nil, fmt.Errorf("%w: killed", ledger.ErrConflict)
}

// picky is a sink that takes its time, fails now and then, and refuses some rows for good.
type picky struct {
	*dice
	slow time.Duration
	mu   sync.Mutex
	got  map[string]int
}

func (p *picky) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	time.Sleep(time.Duration(p.below(int(p.slow))))
	if p.below(20) == 0 {
		return pipeline.Receipt{}, errors.New("no route to host")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	partial := &pipeline.PartialError{}
	for i, e := range events {
		p.got[e.ID]++
		if n, _ := strconv.Atoi(e.ID); n%refusal == 0 {
			partial.Rejected = append(partial.Rejected, pipeline.Rejection{Index: i, Reason: "never"})
		}
	}
	if len(partial.Rejected) > 0 {
		return pipeline.Receipt{}, partial
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (*picky) Close() error { return nil }

// TestEveryRowCountsOnce has rows come in dense moments, up to a day late, to a fast and a slow sink, through a source
// with a low limit, while the process dies, disks are full, and audits and repairs run. In the end no sink lacks a row, and
// each row counts once, in its minute, as what became of it.
func TestEveryRowCountsOnce(t *testing.T) {
	for seed := range 2 {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := &dice{random: rand.New(rand.NewPCG(uint64(seed), 9))}
				o := &once{dice: random, begin: time.Now(), dir: t.TempDir()}
				o.fill()
				o.sinks = map[string]*picky{
					"hec":    {dice: random, slow: 50 * time.Millisecond, got: map[string]int{}},
					"syslog": {dice: random, slow: 4 * time.Second, got: map[string]int{}},
				}
				lives := 0
				for ; time.Now().Before(o.end); lives++ {
					o.live(t)
				}
				if lives < 5 || o.splits < 50 {
					t.Errorf("%d lives, %d windows cut: too few to tell anything", lives, o.splits)
				}
				o.check(t)
			})
		})
	}
}

type once struct {
	*dice
	begin, end time.Time
	dir        string
	source     *limited
	sinks      map[string]*picky
	splits     int64
}

// fill makes the rows: in moments of less than a millisecond, which only slots can cut, and with minutes in between.
func (o *once) fill() {
	o.source = &limited{workspace: workspace{every: 7*time.Minute + 13*time.Second}, limit: 9, dice: o.dice}
	at := o.begin
	for range onceRows {
		switch o.below(25) {
		case 0:
			at = at.Add(time.Duration(o.below(20)) * time.Minute)
		case 1, 2, 3, 4, 5, 6, 7:
			at = at.Add(time.Duration(o.below(40_000)) * time.Millisecond)
		}
		at = at.Add(time.Duration(1+o.below(300)) * 100 * time.Nanosecond)
		r := row{at, at}
		switch o.below(10) {
		case 0:
			r.visible = at.Add(time.Duration(o.below(int(23 * time.Hour))))
		case 1, 2: // about when its window is read
			r.visible = at.Add(settle + time.Duration(o.below(int(15*time.Minute))))
		}
		o.source.rows = append(o.source.rows, r)
	}
	o.end = at.Add(31 * time.Hour)
}

func (o *once) calm() bool { return time.Until(o.end) < 5*time.Hour }

// live is the life of one process.
func (o *once) live(t *testing.T) {
	store, err := boltstore.Open(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	log := logrus.New()
	log.SetOutput(io.Discard)
	l, s := ledger.New(&mortal{Store: store, dice: o.dice, calm: o.calm}), o.source.stream(o.begin)
	s.Source = o.source
	p := &pipeline.Pipeline{
		Streams: []pipeline.Stream{s}, Enricher: &enrich.Enricher{}, Ledger: l, Log: log, Stats: &pipeline.Stats{}, Drain: time.Second,
	}
	check := proof.Check{Proof: l.Proof}
	for name, sink := range o.sinks {
		health := &pipeline.Health{}
		letters := &pipeline.DeadLetter{Sink: sink, Keep: func([]enrich.Event, []pipeline.Rejection) error { return nil }}
		p.Outlets = append(p.Outlets, pipeline.Outlet{Name: name, Concurrency: 2, Health: health, Sink: &pipeline.Retry{Health: health, Sink: letters}})
		check.Sinks = append(check.Sinks, name)
	}
	var proving sync.Mutex
	lock := func() func() { proving.Lock(); return proving.Unlock }
	a := &proof.Auditor{Check: check, Streams: p.Streams, Record: p.Record, Log: log, Late: func(string, int64) {}, Lock: lock}
	ctx, cancel := context.WithDeadline(t.Context(), o.end)
	var others sync.WaitGroup
	others.Go(func() { a.Run(ctx) })
	others.Go(func() { o.repair(ctx, check, p, lock) })
	if err := p.Run(ctx); err != nil && !errors.Is(err, ledger.ErrConflict) && ctx.Err() == nil {
		t.Error(err)
	}
	cancel()
	others.Wait()
	o.splits += p.Stats.Figures().Splits
}

// repair asks for repairs now and then, as a person does.
func (o *once) repair(ctx context.Context, check proof.Check, p *pipeline.Pipeline, lock func() func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(1+o.below(180)) * time.Minute):
		}
		unlock := lock()
		_, _ = check.Verify(ctx, p.Streams, func(stream string) (pipeline.Record, error) { // the disk may fail
			r, ok := p.Record(stream)
			if !ok {
				return nil, errors.New("it doesn't run yet")
			}
			return r, nil
		}, proof.Request{From: o.begin, To: o.begin.Add(12 * time.Hour), Bin: time.Minute, Repair: true})
		unlock()
	}
}

// check compares the proof with the rows.
func (o *once) check(t *testing.T) {
	store, err := boltstore.Open(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	proven, err := ledger.New(store).Proof("la:w:T", o.begin.Add(-time.Hour), o.end)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]pipeline.Tally{}
	for i, r := range o.source.rows {
		minute := pipeline.MinuteOf(r.ingested)
		w := want[minute]
		w.Minute = minute
		if w.Read++; i%refusal == 0 {
			w.Dead++
		} else {
			w.Confirmed++
		}
		want[minute] = w
	}
	for name, sink := range o.sinks {
		if len(sink.got) != onceRows {
			t.Errorf("%s has %d of %d rows", name, len(sink.got), onceRows)
		}
		if len(proven[name]) != len(want) {
			t.Errorf("%s: %d minutes, want %d", name, len(proven[name]), len(want))
		}
		for _, got := range proven[name] {
			if got != want[got.Minute] {
				t.Errorf("%s, %v: %+v, want %+v", name, got.Start(), got, want[got.Minute])
			}
		}
	}
}
