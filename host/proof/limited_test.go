package proof_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// dice are random numbers for several goroutines.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

// below is a number from 0 to below n.
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.IntN(n)
}

// limited is a workspace whose replies hold few rows, and then lack any of those that they should hold. Its marks hold
// counts: a reading begins anew where rows came before the mark.
type limited struct {
	workspace
	limit int
	*dice
}

// place is how far a window was read: before rows were ingested in [from, at), and one at that time.
type place struct {
	from        time.Time
	slot, slots int
	before      int
	at          time.Time
}

func (p place) mark() pipeline.Mark {
	return pipeline.Mark(fmt.Sprint(p.from.UnixNano(), p.slot, p.slots, p.before, p.at.UnixNano()))
}

func placeOf(mark pipeline.Mark) (p place) {
	var from, at int64
	if n, _ := fmt.Sscan(string(mark), &from, &p.slot, &p.slots, &p.before, &at); n == 5 {
		p.from, p.at = time.Unix(0, from).UTC(), time.Unix(0, at).UTC()
	}
	return p
}

// next moves p over a row.
func (p *place) next(at time.Time) {
	if !p.at.IsZero() {
		p.before++
	}
	p.at = at
}

func (l *limited) of(w pipeline.Window) (list []int) {
	for _, i := range l.there(w) {
		if w.Slots == 0 || i%w.Slots == w.Slot {
			list = append(list, i)
		}
	}
	return list
}

// resume is the place to read on from, which is the beginning where the mark doesn't fit.
func (l *limited) resume(w pipeline.Window, after pipeline.Mark) (p place, fresh bool) {
	p = placeOf(after)
	if p.at.IsZero() || p.slot != w.Slot || p.slots != w.Slots || p.at.Before(w.From) || p.from.After(w.From) ||
		len(l.of(pipeline.Window{From: p.from, To: p.at, Slot: p.slot, Slots: p.slots})) != p.before {
		return place{from: w.From, slot: w.Slot, slots: w.Slots}, true
	}
	return p, false
}

func (l *limited) Read(ctx context.Context, w pipeline.Window, after pipeline.Mark, deliver func(pipeline.Batch) error) error {
	time.Sleep(time.Duration(l.below(3000)) * time.Millisecond)
	at, fresh := l.resume(w, after)
	time.Sleep(time.Duration(l.below(3000)) * time.Millisecond)
	var rows []int
	for _, i := range l.of(w) {
		if fresh || l.rows[i].ingested.After(at.at) {
			rows = append(rows, i)
		}
	}
	cut := len(rows) > l.limit
	if cut {
		lacks := l.below(l.limit)
		rows = append(rows[:lacks:lacks], rows[lacks+1:l.limit]...)
	}
	for len(rows) > 0 {
		n := min(len(rows), 1+l.below(4))
		if err := deliver(l.batch(rows[:n], &at, fresh)); err != nil {
			return err
		}
		rows, fresh = rows[n:], false
		if l.below(15) == 0 {
			return errors.New("cut off")
		}
	}
	if cut {
		return pipeline.ErrTooLarge
	}
	return ctx.Err()
}

func (l *limited) batch(rows []int, at *place, fresh bool) pipeline.Batch {
	b := pipeline.Batch{Fresh: fresh}
	for _, i := range rows {
		b.Events = append(b.Events, enrich.Event{ID: strconv.Itoa(i), Table: "T"})
		b.Runs = append(b.Runs, pipeline.Run{Minute: l.rows[i].ingested.Truncate(time.Minute), Rows: 1})
		at.next(l.rows[i].ingested)
	}
	if l.below(10) > 0 { // not every place can be gone on from
		b.Next = at.mark()
	}
	return b
}
