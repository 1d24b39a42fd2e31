package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/failpoint"
)

// errNobody ends a reading that no sink waits for any more.
var errNobody = errors.New("every sink was left behind")

// pass reads w once, from mark, for outlets that all stand at mark. It returns the outlets that were left behind:
// too slow for the others. The error is the source's, or a *ledgerError; the outlets that were not left behind have
// confirmed up to their marks.
func (f *follower) pass(ctx context.Context, w Window, mark Mark, outlets []*Outlet, patience time.Duration) (behind []*Outlet, err error) {
	lanes := make([]*lane, len(outlets))
	for i, o := range outlets {
		lanes[i] = f.startLane(w, o)
	}
	var level enrich.Severity
	late := f.record.State().again(w)
	err = f.stream.Source.Read(ctx, w, mark, func(b Batch) error {
		failpoint.Hit(failpoint.BatchRead)
		for i := range b.Events {
			b.Events[i].Late = late
		}
		f.Enricher.Enrich(f.send, b.Events) // what was read is tagged and sent, even while ctx ends
		f.Stats.Read(f.stream.Name, b.Events)
		level = max(level, highest(b.Events))
		failpoint.Hit(failpoint.BatchTagged)
		err := offer(ctx, lanes, b, patience)
		failpoint.Hit(failpoint.BatchOffered)
		return err
	})
	complete := err == nil
	if complete {
		f.Stats.Whole(f.stream.Name)
		failpoint.Hit(failpoint.WindowRead)
	}
	if errors.Is(err, errNobody) {
		err = nil
	}
	settle(lanes, patience)
	for _, l := range lanes {
		laneErr := l.err
		switch {
		case l.leftBehind:
			behind = append(behind, l.outlet)
		case errors.As(laneErr, new(*ledgerError)) || errors.Is(laneErr, errNotOpen):
			err = errors.Join(err, laneErr)
		case laneErr != nil: // the sink gave up
			f.Pipeline.report(laneErr, "deliver "+w.String())
			behind = append(behind, l.outlet)
		case complete:
			failpoint.Hit(failpoint.WindowUnfinished)
			err = errors.Join(err, f.update(func(s *State) error {
				s.Saw(w, level)
				return l.done(s, w)
			}))
			failpoint.Hit(failpoint.WindowClosed)
		}
	}
	return behind, err
}

// highest is the highest severity of events.
func highest(events []enrich.Event) (level enrich.Severity) {
	for i := range events {
		level = max(level, events[i].Risk.Level)
	}
	return level
}

// offer hands b to every lane. Lanes that don't take it within patience are left behind; with a patience of 0 they may
// take as long as they need.
func offer(ctx context.Context, lanes []*lane, b Batch, patience time.Duration) error {
	var waiting []*lane
	keeping := 0
	for _, l := range lanes {
		if l.leftBehind || l.failed() {
			continue
		}
		keeping++
		l.hold(len(b.Events)) // before the sink can confirm them; what it doesn't take, finish lets go of
		select {
		case l.batches <- b:
		default:
			waiting = append(waiting, l)
		}
	}
	if keeping == 0 {
		return errNobody
	}
	// Where another lane had room, it is held up now, and each lane may do that for so long in the whole window only.
	heldUp := len(waiting) < keeping
	for _, l := range waiting {
		taken, err := l.wait(ctx, b, patience, heldUp)
		if err != nil {
			return err
		}
		if !taken {
			keeping--
		}
	}
	if keeping == 0 {
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
		l.leaveBehind()
		return false, nil
	}
}

func closedTimer() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}

// laneDepth is how many batches wait in a lane besides those in Sends: enough to keep the sink busy, few enough to stay small.
const laneDepth = 1

// commitDepth is how many confirmed batches of a window may wait to be written down; a crash sends them again.
const commitDepth = 8

// Repeated is how many batches of a window a crash sends again at most: those in Sends, and those that the sink confirmed
// and that aren't written down yet.
func (o *Outlet) Repeated() int { return max(1, o.Concurrency) + commitDepth }

// laneBytes is how much of rows, in bytes, a lane has in Sends at once. It bounds memory, and the throughput of sinks that
// confirm late: with the half second of a syslog sink to 12 MiB/s.
const laneBytes = 6 << 20

// lane carries the batches of one pass to one sink, and advances the sink's mark in order.
type lane struct {
	outlet     *Outlet
	batches    chan Batch
	ctx        context.Context
	cancel     context.CancelCauseFunc
	group      *errgroup.Group
	places     *semaphore.Weighted // a batch has one from before its Send until it is written down
	leftBehind bool
	heldUp     time.Duration // how long others waited for it in this window
	err        error         // why its sending ended, after settle
	tell       func(events int)
	held       atomic.Int64 // events given and not confirmed yet
	tally      counted      // what was confirmed; its committer's, and after settle everybody's
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
			l.leaveBehind()
			<-ended[i]
		}
	}
}

// size is about how many bytes the rows of b take.
func (b *Batch) size() (n int64) {
	for i := range b.Events {
		n += int64(b.Events[i].Size())
	}
	return n
}

// sent is one Send under way. Count and err are good once done is closed.
type sent struct {
	batch Batch
	done  chan struct{}
	count Count
	tally []Tally
	err   error
}

func (f *follower) startLane(w Window, o *Outlet) *lane {
	l := &lane{outlet: o, batches: make(chan Batch, laneDepth), tell: func(events int) {
		f.Stats.Hold(f.stream.Name, o.Name, events)
	}}
	if at, ok := f.record.State().Sink(w, o.Name); ok {
		l.tally.marked = at.Tally
	}
	l.ctx, l.cancel = context.WithCancelCause(f.send)
	l.group, l.places = new(errgroup.Group), semaphore.NewWeighted(int64(o.Repeated()))
	flights := make(chan *sent, max(1, o.Concurrency)-1)
	room := semaphore.NewWeighted(laneBytes)
	l.group.Go(func() error {
		defer close(flights)
		for b := range l.batches {
			s := &sent{batch: b, done: make(chan struct{})}
			size := min(b.size(), laneBytes)
			if l.places.Acquire(l.ctx, 1) != nil || room.Acquire(l.ctx, size) != nil {
				return context.Cause(l.ctx)
			}
			select {
			case flights <- s: // a place is free
				go func() {
					defer room.Release(size)
					l.deliver(s)
				}()
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

// deliver sends a batch and says how it went.
func (l *lane) deliver(s *sent) {
	defer close(s.done)
	failpoint.Hit(failpoint.SendBegun)
	receipt, err := l.outlet.Sink.Send(l.ctx, s.batch.Events)
	failpoint.Hit(failpoint.SendConfirmed)
	s.count, s.err = Count{Confirmed: int64(receipt.Events), Dead: int64(receipt.Dead)}, err
	s.tally = s.batch.tallies(receipt)
}

// land waits for the Sends in the order they left.
func (l *lane) land(flights <-chan *sent, landed chan<- landing) error {
	for s := range flights {
		if <-s.done; s.err != nil {
			return fmt.Errorf("send to %s: %w", l.outlet.Name, s.err)
		}
		landed <- landing{s.batch.Next, s.count, 1, len(s.batch.Events), counted{}.plus(s.batch.Next, s.tally), s.batch.Fresh}
		failpoint.Hit(failpoint.BatchLanded)
	}
	return nil
}

// commit moves the mark behind what has landed. While the ledger is being written, more lands, and is written down
// together the next time: a slow disk makes larger steps, not slower sinks.
func (f *follower) commit(w Window, l *lane, landed <-chan landing) error {
	for step := range landed {
		step.drain(landed)
		if step.fresh {
			l.tally = counted{}
		}
		l.tally = l.tally.join(step.mark, step.tally)
		failpoint.Hit(failpoint.MarkUnwritten)
		err := f.update(func(state *State) error { return l.advance(state, w, step) })
		if err != nil {
			return err
		}
		failpoint.Hit(failpoint.MarkWritten)
		f.Stats.Settled(f.stream.Name, l.outlet.Name, step.events, step.count)
		l.held.Add(-int64(step.events))
		l.places.Release(int64(step.batches))
	}
	return nil
}

// advance writes down that the sink confirmed step. The tally goes with the mark, so that rows behind the mark, which are
// sent again after a crash, count once.
func (l *lane) advance(s *State, w Window, step landing) error {
	if err := s.Advance(w, l.outlet.Name, step.mark, step.count); err != nil || step.mark == "" {
		return err
	}
	return s.Tally(w, l.outlet.Name, l.tally.marked)
}

// done closes w for the sink, which confirmed all of it.
func (l *lane) done(s *State, w Window) error {
	if _, ok := s.Sink(w, l.outlet.Name); !ok {
		return nil
	}
	if err := s.Tally(w, l.outlet.Name, AddTallies(l.tally.marked, l.tally.ahead)); err != nil {
		return err
	}
	s.Done(w, l.outlet.Name)
	return nil
}

var errLeftBehind = errors.New("left behind: slower than the other sinks")

func (l *lane) leaveBehind() {
	l.leftBehind = true
	l.cancel(errLeftBehind)
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
