package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
)

// DeadLetter is a sink that keeps what another sink refuses for good.
type DeadLetter struct {
	Sink
	// Keep writes a refused event and the reason to the disk. It returns when they are there.
	Keep func(events []enrich.Event, rejected []Rejection) error
}

// Send returns no *PartialError: events that were refused are kept and counted in the receipt.
func (d *DeadLetter) Send(ctx context.Context, events []enrich.Event) (Receipt, error) {
	receipt, err := d.Sink.Send(ctx, events)
	partial := new(PartialError)
	if !errors.As(err, &partial) {
		return receipt, err
	}
	if err := d.Keep(events, partial.Rejected); err != nil {
		return Receipt{}, fmt.Errorf("write dead letters: %w", err)
	}
	receipt.Dead = len(partial.Rejected)
	receipt.Events = len(events) - receipt.Dead
	return receipt, nil
}
