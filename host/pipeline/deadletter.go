package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/failpoint"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// DeadLetter is a sink that keeps what another sink refuses for good.
type DeadLetter struct {
	Sink
	// Keep writes a refused event and the reason to the disk. It returns when they are there.
	Keep func(events []enrich.Event, rejected []Rejection) error
	// Shortened is told which of the events the sink took, but shortened, before their Send ends; nil means nobody wants to know.
	Shortened func(events []enrich.Event, at []int)
	// Notify is told of each failure to keep and how long until it is tried again; nil means nobody wants to know.
	Notify func(err error, wait time.Duration)
}

// Send returns no *PartialError: events that were refused are kept and counted in the receipt.
func (d *DeadLetter) Send(ctx context.Context, events []enrich.Event) (Receipt, error) {
	receipt, err := d.Sink.Send(ctx, events)
	partial := new(PartialError)
	if !errors.As(err, &partial) {
		if err == nil {
			d.shortened(events, receipt.Shortened, nil)
		}
		return receipt, err
	}
	// What the sink took is confirmed: only the writing is tried again, until the disk has room.
	for try := 1; ; try++ {
		failpoint.Hit(failpoint.LettersRefused)
		keepErr := d.Keep(events, partial.Rejected)
		if keepErr == nil {
			failpoint.Hit(failpoint.LettersKept)
			break
		}
		keepErr = fmt.Errorf("write dead letters: %w", keepErr)
		wait := pause(keepErr, try)
		if d.Notify != nil {
			d.Notify(keepErr, wait)
		}
		if backoff.Sleep(ctx, wait) != nil {
			return Receipt{}, keepErr
		}
	}
	d.shortened(events, receipt.Shortened, partial.Rejected)
	receipt.Dead = len(partial.Rejected)
	receipt.Events = len(events) - receipt.Dead
	receipt.DeadAt = make([]int, receipt.Dead)
	for i, r := range partial.Rejected {
		receipt.DeadAt[i] = r.Index
	}
	return receipt, nil
}

// shortened tells of the events that were taken shortened; what was refused is kept as a whole anyway.
func (d *DeadLetter) shortened(events []enrich.Event, at []int, rejected []Rejection) {
	at = slices.DeleteFunc(slices.Clone(at), func(i int) bool {
		return slices.ContainsFunc(rejected, func(r Rejection) bool { return r.Index == i })
	})
	if len(at) > 0 && d.Shortened != nil {
		d.Shortened(events, at)
	}
}
