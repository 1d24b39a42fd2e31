package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// deliverTables is for events of which some have a wrong place, as a says. Each table goes alone. The events of a table that has
// no place are rejected when the receiver takes those of others, so that those flow; else the setting is to blame.
func (d *delivery) deliverTables(ctx context.Context, b *batch, from, to int, a Answer) error {
	tables := d.tables(b, from, to)
	for len(tables) > 1 {
		left, err := d.deliverEach(ctx, tables)
		if len(left) == 0 || len(left) == len(tables) {
			return err
		}
		tables = left // now that others were taken
	}
	if !d.took.Load() {
		return &tableError{a.Err}
	}
	for _, at := range tables[0].events {
		d.reject(at, a.Reason)
	}
	return nil
}

// deliverEach delivers batches and returns those that the receiver has no place for.
func (d *delivery) deliverEach(ctx context.Context, tables []*batch) (left []*batch, why error) {
	for _, t := range tables {
		err := d.deliver(ctx, t, 0, len(t.events))
		switch {
		case errors.As(err, new(*tableError)):
			left, why = append(left, t), err
		case err != nil:
			return nil, err
		}
	}
	return left, why
}

// tableError says that the receiver has no place for a table, and has taken nothing yet.
type tableError struct{ error }

func (e *tableError) Unwrap() error { return e.error }

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

// receipt ends the delivery.
func (d *delivery) receipt(ctx context.Context) (pipeline.Receipt, error) {
	if reason, ok := d.refusesAll(); ok {
		if err := d.AllRefused(ctx, reason, d.took.Load()); err != nil {
			return pipeline.Receipt{}, err
		}
	}
	slices.Sort(d.shortened)
	r := pipeline.Receipt{
		Events: len(d.events) - len(d.rejected), Bytes: d.bytes, Promise: d.Promise(), Shortened: slices.Compact(d.shortened),
	}
	if len(d.rejected) == 0 {
		return r, nil
	}
	slices.SortFunc(d.rejected, func(a, b pipeline.Rejection) int { return cmp.Compare(a.Index, b.Index) })
	return r, &pipeline.PartialError{Rejected: d.rejected}
}
