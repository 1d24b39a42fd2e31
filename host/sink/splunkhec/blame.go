package splunkhec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// judge is what a reply means for the events in the request, once it is known who is to blame.
func (d *delivery) judge(ctx context.Context, r reply) (verdict, error) {
	v := r.verdict()
	if v != denied {
		return v, nil
	}
	if r.Code == nil { // not the collector's words: a firewall may dislike what an event holds
		content, err := d.blames(ctx, r.from)
		if err != nil {
			return v, err
		}
		if content {
			return invalid, nil
		}
	}
	d.gate.close(r, time.Now())
	return v, nil
}

// deliverTables is for events of which some may have a wrong index, as r says. Where the index follows from the table each table
// goes alone. The events of a table that has no index are rejected when the collector takes those of others, so that those flow;
// else the setting is to blame.
func (d *delivery) deliverTables(ctx context.Context, b *batch, from, to int, r reply) error {
	if !d.encoder.perTable {
		return r.err()
	}
	tables := d.tables(b, from, to)
	for len(tables) > 1 {
		left, err := d.deliverEach(ctx, tables)
		if len(left) == 0 || len(left) == len(tables) {
			return err
		}
		tables = left // now that others were taken
	}
	if !d.took.Load() {
		return &indexError{r.err()}
	}
	for _, at := range tables[0].events {
		d.reject(at, r.String())
	}
	return nil
}

// deliverEach delivers batches and returns those that the collector has no index for.
func (d *delivery) deliverEach(ctx context.Context, tables []*batch) (left []*batch, why error) {
	for _, t := range tables {
		err := d.deliver(ctx, t, 0, len(t.events))
		switch {
		case errors.As(err, new(*indexError)):
			left, why = append(left, t), err
		case err != nil:
			return nil, err
		}
	}
	return left, why
}

// indexError says that a table's index is wrong and that the collector has taken nothing yet.
type indexError struct{ error }

func (e *indexError) Unwrap() error { return e.error }

// tables is a batch for each table of the events from..to.
func (d *delivery) tables(b *batch, from, to int) (list []*batch) {
	by := map[string]*batch{}
	for i := from; i < to; i++ {
		table := d.events[b.events[i]].Table
		t := by[table]
		if t == nil {
			t = new(batch)
			by[table], list = t, append(list, t)
		}
		t.body = append(t.body, b.part(i, i+1)...)
		t.events, t.ends = append(t.events, b.events[i]), append(t.ends, len(t.body))
	}
	return list
}

// manyEvents is how many events must be refused, all for one reason, to ask whether the fault is the receiver's.
const manyEvents = 10

// refusesAll reports whether not one of many events was taken, and the reason.
func (d *delivery) refusesAll() (reason string, ok bool) {
	if len(d.rejected) < max(manyEvents, len(d.events)) {
		return "", false
	}
	reason = d.rejected[0].Reason
	return reason, !slices.ContainsFunc(d.rejected, func(r pipeline.Rejection) bool { return r.Reason != reason })
}

// receipt ends the delivery. Where every event was refused, no event is to blame, unless the collector has taken others and still
// understands how requests are written.
func (d *delivery) receipt(ctx context.Context) (pipeline.Receipt, error) {
	r := pipeline.Receipt{Events: len(d.events) - len(d.rejected), Bytes: d.bytes, Promise: promise(d.ack.Load()), Shortened: d.shortened}
	slices.Sort(r.Shortened)
	if reason, ok := d.refusesAll(); ok {
		content := false
		if d.took.Load() {
			var err error
			if content, err = d.blames(ctx, ""); err != nil {
				return pipeline.Receipt{}, err
			}
		}
		if !content {
			return pipeline.Receipt{}, &pipeline.RetryAfter{Wait: deniedWait, Err: fmt.Errorf(
				"the collector refuses every event, %q: is it a Splunk collector, and does it take gzip?", reason)}
		}
	}
	if len(d.rejected) == 0 {
		return r, nil
	}
	slices.SortFunc(d.rejected, func(a, b pipeline.Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return r, &pipeline.PartialError{Rejected: d.rejected}
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
