package host

import (
	"cmp"
	"context"
	"slices"

	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
)

// AbandonedSinks are the sinks that c doesn't have, nor says to forget, though windows wait for them, sorted. A running host is
// asked, else the ledger is read. The error is that of Status.
func AbandonedSinks(ctx context.Context, c config.Config) ([]admin.Abandoned, error) {
	s, err := Status(ctx, c)
	if err != nil {
		return nil, err
	}
	waiting := s.Abandoned
	known := append(c.Sinks.Names(), c.Sinks.Forget...)
	for _, stream := range s.Streams { // a running host may have sinks that c has no more
		for _, flow := range stream.Sinks {
			at := slices.IndexFunc(waiting, func(a admin.Abandoned) bool { return a.Sink == flow.Sink })
			switch {
			case flow.Windows == 0:
			case at < 0:
				waiting = append(waiting, admin.Abandoned{Sink: flow.Sink, Windows: flow.Windows, Oldest: flow.Through})
			default:
				waiting[at].Windows += flow.Windows
			}
		}
	}
	waiting = slices.DeleteFunc(waiting, func(a admin.Abandoned) bool { return slices.Contains(known, a.Sink) })
	slices.SortFunc(waiting, func(a, b admin.Abandoned) int { return cmp.Compare(a.Sink, b.Sink) })
	return waiting, nil
}
