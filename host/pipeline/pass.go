package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// errNobody ends a reading that no sink waits for any more.
var errNobody = errors.New("every sink was left behind")

// pass reads w once, from mark, for outlets that all stand at mark. It returns the outlets that were left behind:
// too slow for the others. The error is the source's, or a *ledgerError; the outlets that were not left behind have
// confirmed up to their marks.
func (f *follower) pass(ctx context.Context, w Window, mark Mark, outlets []*Outlet, patience time.Duration) (detached []*Outlet, err error) {
	lanes := make([]*lane, len(outlets))
	for i, o := range outlets {
		lanes[i] = f.startLane(w, o)
	}
	err = f.stream.Source.Read(ctx, w, mark, func(b Batch) error {
		f.Enricher.Enrich(f.send, b.Events) // what was read is tagged and sent, even while ctx ends
		f.Stats.Read(f.stream.Name, b.Events)
		return offer(ctx, lanes, b, patience)
	})
	complete := err == nil
	if complete {
		f.Stats.Whole(f.stream.Name)
	}
	if errors.Is(err, errNobody) {
		err = nil
	}
	settle(lanes, patience)
	for _, l := range lanes {
		laneErr := l.err
		switch {
		case l.detached:
			detached = append(detached, l.outlet)
		case errors.As(laneErr, new(*ledgerError)) || errors.Is(laneErr, errNotOpen):
			err = errors.Join(err, laneErr)
		case laneErr != nil: // the sink gave up
			f.Pipeline.report(laneErr, "deliver "+w.String())
			detached = append(detached, l.outlet)
		case complete:
			err = errors.Join(err, f.update(func(s *State) error { s.Done(w, l.outlet.Name); return nil }))
		}
	}
	return detached, err
}

// offer hands b to every lane. Lanes that don't take it within patience are left behind; with a patience of 0 they may
// take as long as they need.
func offer(ctx context.Context, lanes []*lane, b Batch, patience time.Duration) error {
	var waiting []*lane
	attached := 0
	for _, l := range lanes {
		if l.detached || l.failed() {
			continue
		}
		attached++
		l.hold(len(b.Events)) // before the sink can confirm them; what it doesn't take, finish lets go of
		select {
		case l.batches <- b:
		default:
			waiting = append(waiting, l)
		}
	}
	if attached == 0 {
		return errNobody
	}
	// Where another lane had room, it is held up now, and each lane may do that for so long in the whole window only.
	heldUp := len(waiting) < attached
	for _, l := range waiting {
		taken, err := l.wait(ctx, b, patience, heldUp)
		if err != nil {
			return err
		}
		if !taken {
			attached--
		}
	}
	if attached == 0 {
		return errNobody
	}
	return nil
}

// wait waits until the lane takes b, and leaves it behind when that takes longer than patience. The time counts
// for the whole window where others are held up.
func (l *lane) wait(ctx context.Context, b Batch, patience time.Duration, heldUp bool) (taken bool, err error) {
	var deadline <-chan time.Time
	if patience > 0 {
		deadline = time.After(patience - l.heldUp)
	}
	begin := time.Now()
	defer func() {
		if heldUp {
			l.heldUp += time.Since(begin)
		}
	}()
	select {
	case l.batches <- b:
		return true, nil
	case <-l.ctx.Done():
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	case <-deadline:
	}
	select {
	case l.batches <- b: // it had room meanwhile: only chance chose the other case
		return true, nil
	default:
		l.detach()
		return false, nil
	}
}

func closedTimer() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}

// laneDepth is how many batches wait in a lane: enough to keep the sink busy, few enough to stay small.
const laneDepth = 4

// commitDepth is how many confirmed batches may wait to be written down; a crash sends them again.
const commitDepth = 8

// lane carries the batches of one pass to one sink, and advances the sink's mark in order.
type lane struct {
	outlet   *Outlet
	batches  chan Batch
	ctx      context.Context
	cancel   context.CancelCauseFunc
	group    *errgroup.Group
	detached bool
	heldUp   time.Duration // how long others waited for it in this window
	err      error         // why its sending ended, after settle
	tell     func(events int)
	held     atomic.Int64 // events given and not confirmed yet
}

// hold notes that the sink was given events, or, with less than none, that it let go of them.
func (l *lane) hold(events int) {
	l.held.Add(int64(events))
	l.tell(events)
}

// settle waits until the lanes have sent what they hold. Those that take longer than patience are left behind, 0 is as
// long as they need.
func settle(lanes []*lane, patience time.Duration) {
	ended := make([]chan struct{}, len(lanes))
	for i, l := range lanes {
		ended[i] = make(chan struct{})
		go func() {
			defer close(ended[i])
			l.err = l.finish()
		}()
	}
	var deadline <-chan time.Time
	if patience > 0 {
		deadline = time.After(patience)
	}
	for i, l := range lanes {
		select {
		case <-ended[i]:
			continue
		case <-deadline:
			deadline = closedTimer()
		}
		select {
		case <-ended[i]:
		default:
			l.detach()
			<-ended[i]
		}
	}
}

// sent is one Send under way. Count and err are good once done is closed.
type sent struct {
	batch Batch
	done  chan struct{}
	count Count
	err   error
}

func (f *follower) startLane(w Window, o *Outlet) *lane {
	l := &lane{outlet: o, batches: make(chan Batch, laneDepth), tell: func(events int) {
		f.Stats.Hold(f.stream.Name, o.Name, events)
	}}
	l.ctx, l.cancel = context.WithCancelCause(f.send)
	l.group = new(errgroup.Group)
	flights := make(chan *sent, max(1, o.Concurrency)-1)
	l.group.Go(func() error {
		defer close(flights)
		for b := range l.batches {
			s := &sent{batch: b, done: make(chan struct{})}
			select {
			case flights <- s: // a place is free
				go l.deliver(s)
			case <-l.ctx.Done():
				return context.Cause(l.ctx)
			}
		}
		return nil
	})
	landed := make(chan landing, commitDepth)
	l.group.Go(func() error {
		defer close(landed)
		err := l.land(flights, landed)
		if err != nil {
			l.cancel(err)
			for s := range flights {
				<-s.done // one that came later doesn't count without those before it
			}
		}
		return err
	})
	l.group.Go(func() error {
		err := f.commit(w, l, landed)
		if err != nil {
			l.cancel(err)
			for range landed { // what landed since can't be written down either
				continue
			}
		}
		return err
	})
	return l
}

// landing is a confirmed stretch of batches.
type landing struct {
	mark   Mark
	count  Count
	events int
}

// deliver sends a batch and says how it went.
func (l *lane) deliver(s *sent) {
	defer close(s.done)
	receipt, err := l.outlet.Sink.Send(l.ctx, s.batch.Events)
	s.count, s.err = Count{Confirmed: int64(receipt.Events), Dead: int64(receipt.Dead)}, err
}

// land waits for the Sends in the order they left.
func (l *lane) land(flights <-chan *sent, landed chan<- landing) error {
	for s := range flights {
		if <-s.done; s.err != nil {
			return fmt.Errorf("send to %s: %w", l.outlet.Name, s.err)
		}
		landed <- landing{s.batch.Next, s.count, len(s.batch.Events)}
	}
	return nil
}

// commit moves the mark behind what has landed. While the ledger is being written, more lands, and is written down
// together the next time: a slow disk makes larger steps, not slower sinks.
func (f *follower) commit(w Window, l *lane, landed <-chan landing) error {
	for step := range landed {
		step.drain(landed)
		err := f.update(func(state *State) error { return state.Advance(w, l.outlet.Name, step.mark, step.count) })
		if err != nil {
			return err
		}
		f.Stats.Settled(f.stream.Name, l.outlet.Name, step.events, step.count)
		l.held.Add(-int64(step.events))
	}
	return nil
}

// drain adds to step what has landed meanwhile.
func (step *landing) drain(landed <-chan landing) {
	for {
		select {
		case next, ok := <-landed:
			if !ok {
				return
			}
			if next.mark != "" {
				step.mark = next.mark
			}
			step.count, step.events = step.count.plus(next.count), step.events+next.events
		default:
			return
		}
	}
}

var errDetached = errors.New("left behind: slower than the other sinks")

func (l *lane) detach() {
	l.detached = true
	l.cancel(errDetached)
}

func (l *lane) failed() bool { return l.ctx.Err() != nil }

// finish waits until everything in the lane was sent, or its sending failed.
func (l *lane) finish() error {
	close(l.batches)
	err := l.group.Wait()
	l.hold(-int(l.held.Load())) // what it didn't confirm is read again
	l.cancel(nil)
	return err
}
