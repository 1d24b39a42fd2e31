package syslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// Some receivers close the connection on a message that they don't like: syslog-ng on one that is longer than its
// log-msg-size. Nothing tells that from a receiver that dies, but that it happens again and again. So events whose Send has
// struck out are sent apart from all others, in parts that get smaller, until those stand alone that the receiver
// doesn't survive.

// strikes counts, for Sends that failed because the receiver closed the connection, how often in a row, by the id of their
// first event. The zero value is ready.
type strikes struct {
	mu     sync.Mutex
	counts map[string]int
}

const (
	struckOut  = 3   // failures until events are sent apart
	maxStrikes = 256 // Sends that are remembered: many more than run at a time
)

// out reports whether the Send that begins with event id has failed too often.
func (s *strikes) out(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[id] >= struckOut
}

// note counts a failure, and forgets all of them when the Send worked.
func (s *strikes) note(id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		delete(s.counts, id)
	case closedByReceiver(err):
		if s.counts == nil || len(s.counts) >= maxStrikes {
			s.counts = map[string]int{}
		}
		s.counts[id]++
	}
}

// errUnreachable says that there was no connection to begin with.
var errUnreachable = errors.New("connect")

// closedByReceiver reports whether err is the receiver's end of a connection that there had been.
func closedByReceiver(err error) bool {
	return !errors.Is(err, errUnreachable) && (errors.Is(err, errPeerClosed) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
}

// apart is a Send whose events go out in parts, each on a connection of its own.
type apart struct {
	*Sink
	events   []enrich.Event
	frames   [][]byte // of each event; nil for those that have none
	good     int      // an event that was confirmed, -1 when there is none
	suspects []int    // events that the receiver didn't survive, each alone
}

// manySuspects is how many events the receiver may not survive before one was confirmed: then it is none's fault.
const manySuspects = 16

// sendApart delivers events and returns those that the receiver closes the connection on, though it lives: it does so twice,
// and takes another event, once more, before, in between and afterwards.
func (s *Sink) sendApart(ctx context.Context, events []enrich.Event, frames [][]byte) ([]pipeline.Rejection, error) {
	a := &apart{Sink: s, events: events, frames: frames, good: -1}
	if err := a.part(ctx, 0, len(events)); err != nil {
		return nil, err
	}
	if len(a.suspects) == 0 {
		return nil, nil
	}
	if a.good < 0 {
		return nil, errPeerClosed
	}
	var rejected []pipeline.Rejection
	for _, at := range a.suspects {
		if err := a.try(ctx, a.good, a.good+1); err != nil {
			return nil, err
		}
		err := a.try(ctx, at, at+1)
		switch {
		case err == nil:
		case closedByReceiver(err):
			rejected = append(rejected, pipeline.Rejection{Index: at, Reason: fmt.Sprintf(
				"the receiver closes the connection on this message of %d bytes, each time: is max_message above its limit?", len(frames[at]))})
		default:
			return nil, err
		}
	}
	return rejected, a.try(ctx, a.good, a.good+1)
}

// part delivers the events from..to, in ever smaller parts where the receiver closes the connection.
func (a *apart) part(ctx context.Context, from, to int) error {
	err := a.try(ctx, from, to)
	switch {
	case err == nil:
		for i := from; i < to && a.good < 0; i++ {
			if a.frames[i] != nil {
				a.good = i
			}
		}
		return nil
	case !closedByReceiver(err):
		return err
	case to-from == 1:
		if a.suspects = append(a.suspects, from); a.good < 0 && len(a.suspects) >= manySuspects {
			return err
		}
		return nil
	}
	middle := (from + to) / 2
	if err := a.part(ctx, from, middle); err != nil {
		return err
	}
	return a.part(ctx, middle, to)
}

// try sends the events from..to on a connection of their own.
func (a *apart) try(ctx context.Context, from, to int) error {
	var frames []byte
	for _, f := range a.frames[from:to] {
		frames = append(frames, f...)
	}
	if len(frames) == 0 {
		return nil
	}
	c, err := a.open(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer c.drop()
	place, err := c.write(ctx, frames, a.config.Timeout)
	if err != nil {
		return err
	}
	return c.confirm(ctx, place, a.config.Grace, a.config.Timeout)
}
