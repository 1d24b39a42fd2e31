package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
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
)

const (
	killRows = 6000
	rowEvery = 7 * time.Second
)

func firstRow() time.Time { return time.Date(2026, 1, 2, 3, 4, 30, 0, time.UTC) }

// flaky has a row each few seconds, and fails at random: in the middle of a window, or because it is too large.
type flaky struct{ random *dice }

// dice are random numbers for several goroutines.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

// IntN is a number from 0 to below n.
func (d *dice) IntN(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(n)
}

func (f *flaky) Read(_ context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	last := -1
	if after != "" {
		last, _ = strconv.Atoi(string(after))
	}
	b := pipeline.Batch{Fresh: after == ""}
	flush := func() error {
		full := b
		b = pipeline.Batch{}
		return deliver(full)
	}
	for i := range killRows {
		at := firstRow().Add(time.Duration(i) * rowEvery)
		if i <= last || at.Before(w.From) || !at.Before(w.To) || w.Slots > 0 && i%w.Slots != w.Slot {
			continue
		}
		b.Events = append(b.Events, enrich.Event{ID: strconv.Itoa(i)})
		b.Runs = append(b.Runs, pipeline.Run{Minute: at.Truncate(time.Minute), Rows: 1})
		b.Next = pipeline.Mark(strconv.Itoa(i))
		if i%13 == 0 {
			b.Next = "" // not every place can be gone on from
		}
		if len(b.Events) < 5 {
			continue
		}
		switch n := f.random.IntN(40); {
		case n == 0 && w.Slots == 0:
			return pipeline.ErrTooLarge
		case n < 3:
			return &pipeline.RetryAfter{Wait: time.Nanosecond, Err: errors.New("cut off")}
		}
		if err := flush(); err != nil {
			return err
		}
	}
	if len(b.Events) > 0 {
		return flush()
	}
	return nil
}

// refusing takes all events but each hundredth.
type refusing struct{}

func (refusing) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	partial := &pipeline.PartialError{}
	for i, e := range events {
		if n, _ := strconv.Atoi(e.ID); n%100 == 0 {
			partial.Rejected = append(partial.Rejected, pipeline.Rejection{Index: i, Reason: "never"})
		}
	}
	if len(partial.Rejected) > 0 {
		return pipeline.Receipt{}, partial
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (refusing) Close() error { return nil }

// killed fails each so many writes for good, as the death of the process does: before the transaction or behind it.
type killed struct {
	*boltstore.Store
	random *dice
	dead   atomic.Bool
}

func (k *killed) Commit(b ledger.Batch) (map[ledger.Key]uint64, error) {
	switch n := k.random.IntN(20); {
	case k.dead.Load() || n == 0:
	case n == 1:
		if _, err := k.Store.Commit(b); err != nil {
			return nil, err
		}
	default:
		return k.Store.Commit(b)
	}
	k.dead.Store(true)
	return nil, fmt.Errorf("%w: killed", ledger.ErrConflict)
}

// TestNothingIsProvenTwice kills the writer before and behind transactions until all is done: each row counts once at each
// sink, in its minute.
func TestNothingIsProvenTwice(t *testing.T) { synctest.Test(t, provenOnce) }

func provenOnce(t *testing.T) {
	random := &dice{random: rand.New(rand.NewPCG(1, 2))}
	log := logrus.New()
	log.SetOutput(io.Discard)
	dir, kills := t.TempDir(), 0
	end := firstRow().Add(killRows * rowEvery)
	plan := func(_ context.Context, frontier time.Time) (pipeline.Window, time.Duration, bool, error) {
		if frontier.IsZero() {
			frontier = firstRow()
		}
		if !frontier.Before(end) {
			return pipeline.Window{}, 0, false, pipeline.ErrEnd
		}
		return pipeline.Window{From: frontier, To: frontier.Add(23*time.Minute + 7*time.Second)}, 0, true, nil
	}
	run := func() error {
		store := &killed{Store: open(t, dir), random: random}
		defer func() { _ = store.Close() }()
		p := &pipeline.Pipeline{
			Streams:  []pipeline.Stream{{Name: "s", Source: &flaky{random}, Plan: plan}},
			Enricher: &enrich.Enricher{}, Ledger: ledger.New(store), Log: log, Once: true,
		}
		sink := &pipeline.DeadLetter{Sink: refusing{}, Keep: func([]enrich.Event, []pipeline.Rejection) error { return nil }}
		p.Outlets = []pipeline.Outlet{{Name: "hec", Sink: sink, Concurrency: 3, Health: &pipeline.Health{}}}
		err := p.Run(t.Context())
		if store.dead.Load() {
			kills++
		}
		return err
	}
	for tries := 0; run() != nil; tries++ {
		if tries > 1000 {
			t.Fatal("it never ends")
		}
	}
	store := open(t, dir)
	defer func() { _ = store.Close() }()
	proof, err := ledger.New(store).Proof("s", firstRow().Add(-time.Hour), end.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]pipeline.Tally{}
	for i := range killRows {
		m := pipeline.MinuteOf(firstRow().Add(time.Duration(i) * rowEvery))
		w := want[m]
		w.Minute = m
		if w.Read++; i%100 == 0 {
			w.Dead++
		} else {
			w.Confirmed++
		}
		want[m] = w
	}
	if len(proof["hec"]) != len(want) {
		t.Errorf("%d minutes, want %d", len(proof["hec"]), len(want))
	}
	for _, got := range proof["hec"] {
		if got != want[got.Minute] {
			t.Errorf("%v: %+v, want %+v", got.Start(), got, want[got.Minute])
		}
	}
	if kills < 20 {
		t.Errorf("killed %d times only", kills)
	}
}
