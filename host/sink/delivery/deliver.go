package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// delivery is one Send under way.
type delivery struct {
	*Sender
	events []enrich.Event

	mu       sync.Mutex
	bytes    int64
	rejected []pipeline.Rejection
	// shortened are the places of events that went out shortened.
	shortened []int
}

// deliver sends the events from..to of b. It cuts the request where the receiver refuses events or the size, so that each event
// ends up delivered or rejected for what it is.
func (d *delivery) deliver(ctx context.Context, b *batch, from, to int) error {
	if from >= to {
		return nil
	}
	part := b.part(from, to)
	a, err := d.Post(ctx, d.events[b.events[from]].Table, part)
	if err != nil {
		return err
	}
	if a.Blame != nil {
		content, err := a.Blame(ctx)
		if err != nil {
			return err
		}
		if content {
			a.Verdict = Invalid
		}
	}
	one := to-from == 1
	switch {
	case a.Verdict == Delivered:
		d.add(a.Sent)
		return nil
	case a.Verdict == Invalid && one:
		b.refused++
		d.reject(b.events[from], a.Reason)
		return nil
	case a.Verdict == Invalid:
		return d.bisect(ctx, b, from, to, a.Number)
	case a.Verdict == TooLarge && one:
		return d.deliverShortened(ctx, b.events[from], len(part))
	case a.Verdict == TooLarge:
		d.Limit.Refused(len(part))
		return d.deliverParts(ctx, b, []int{from, (from + to) / 2, to})
	case a.Verdict == WrongTable:
		return d.deliverTables(ctx, b, from, to, a)
	}
	return a.Err
}

// bisect delivers events of which the receiver refuses at least one, by its count the one with that number. When all parts
// but the last went well, that one holds the bad event, and isn't sent as it is.
func (d *delivery) bisect(ctx context.Context, b *batch, from, to int, number *int) error {
	cuts, before := suspects(from, to, number), b.refused
	last := len(cuts) - 2
	if err := d.deliverParts(ctx, b, cuts[:last+1]); err != nil {
		return err
	}
	if from = cuts[last]; b.refused == before && to-from > 1 {
		return d.bisect(ctx, b, from, to, nil)
	}
	return d.deliver(ctx, b, from, to)
}

func (d *delivery) deliverParts(ctx context.Context, b *batch, cuts []int) error {
	for i := 1; i < len(cuts); i++ {
		if err := d.deliver(ctx, b, cuts[i-1], cuts[i]); err != nil {
			return err
		}
	}
	return nil
}

// suspects cuts from..to so that the event the receiver complained about stands alone. Sources disagree whether its
// number counts from 0 or 1, so both candidates do; without a number the request is halved.
func suspects(from, to int, number *int) []int {
	if number == nil || *number < 0 || *number > to-from {
		return []int{from, (from + to) / 2, to}
	}
	at := from + *number
	cuts := []int{from, max(from, at-1), at, min(at+1, to), to}
	cuts = slices.Compact(cuts)
	if len(cuts) == 2 {
		return []int{from, (from + to) / 2, to}
	}
	return cuts
}

// deliverShortened sends one event that was too large alone, shorter and shorter, and rejects it when that doesn't
// help.
func (d *delivery) deliverShortened(ctx context.Context, at, size int) error {
	e := &d.events[at]
	for want := size / 2; want >= d.Least; want /= 2 {
		body, ok := d.Shorter(e, size, want)
		if !ok {
			break
		}
		a, err := d.Post(ctx, e.Table, body)
		switch {
		case err != nil:
			return err
		case a.Verdict == Delivered:
			d.add(a.Sent)
			d.shorten(at)
			return nil
		case a.Verdict == Invalid:
			d.reject(at, a.Reason)
			return nil
		case a.Verdict != TooLarge:
			return a.Err
		}
	}
	d.reject(at, fmt.Sprintf("too large for the %s even when shortened", d.Receiver))
	return nil
}

func (d *delivery) add(sent int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes += int64(sent)
	d.took.Store(true)
}

func (d *delivery) reject(at int, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rejected = append(d.rejected, pipeline.Rejection{Index: at, Reason: reason})
}

func (d *delivery) shorten(at int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shortened = append(d.shortened, at)
}
