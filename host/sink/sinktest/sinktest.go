// Package sinktest holds the tests that every sink passes, and the events for them.
package sinktest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/received"
)

// Peer is a sink with a receiver at its other end.
type Peer struct {
	Sink pipeline.Sink
	// Got is what the receiver has got so far. Its contents are Canonical, or Content's.
	Got *received.Log
	// Content is what the receiver shall get of an event.
	Content func(*testing.T, *enrich.Event) []byte
	// Promise is the promise the sink's receipts shall make.
	Promise pipeline.Promise
}

// TestSink runs the tests on sinks that open returns, each time a new one with a new receiver. What open starts it
// stops with t.Cleanup; the sink is closed here.
func TestSink(t *testing.T, open func(*testing.T) Peer) {
	t.Run("nothing", func(t *testing.T) {
		p := open(t)
		send(t, p, nil)
		closeSink(t, p)
	})
	t.Run("all arrive", func(t *testing.T) {
		p := open(t)
		events := Events(1000)
		send(t, p, events)
		arrived(t, p, events)
		closeSink(t, p)
	})
	t.Run("from several goroutines", func(t *testing.T) { testParallel(t, open(t)) })
	t.Run("hostile content", func(t *testing.T) {
		p := open(t)
		events := Hostile()
		send(t, p, events)
		arrived(t, p, events)
		closeSink(t, p)
	})
	t.Run("events stay as they are", func(t *testing.T) { testUnchanged(t, open(t)) })
	t.Run("canceled", func(t *testing.T) { testCanceled(t, open(t)) })
}

// patience bounds a wait for something that is bound to happen.
const patience = 3 * time.Minute

// burst is how many datagrams any system keeps for a receiver that gets no processor time.
const burst = 5

// send sends events, at once where they can't get lost, otherwise few by few.
func send(t *testing.T, p Peer, events []enrich.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if p.Promise != pipeline.BestEffort || len(events) <= burst {
		sendAtOnce(ctx, t, p, events)
		return
	}
	for few := range slices.Chunk(events, burst) {
		sendAtOnce(ctx, t, p, few)
		for i := range few {
			if !seen(ctx, p, few[i].ID) {
				t.Errorf("event %s didn't arrive", few[i].ID)
			}
		}
	}
}

// seen waits for an event.
func seen(ctx context.Context, p Peer, id string) bool {
	for {
		n := p.Got.Len()
		if p.Got.Times(id) > 0 {
			return true
		}
		if p.Got.Wait(ctx, n+1) != nil {
			return false
		}
	}
}

func sendAtOnce(ctx context.Context, t *testing.T, p Peer, events []enrich.Event) {
	t.Helper()
	receipt, err := p.Sink.Send(ctx, events)
	if err != nil {
		t.Errorf("Send: %v", err)
		return
	}
	if receipt.Events != len(events) || receipt.Dead != 0 || receipt.Promise != p.Promise {
		t.Errorf("receipt %+v, want %d events and promise %q", receipt, len(events), p.Promise)
	}
	if (receipt.Bytes > 0) != (len(events) > 0) {
		t.Errorf("receipt says %d bytes for %d events", receipt.Bytes, len(events))
	}
}

func arrived(t *testing.T, p Peer, events []enrich.Event) {
	t.Helper()
	want := map[string]uint64{}
	for i := range events {
		want[events[i].ID] = received.Sum(p.Content(t, &events[i]))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Got.Wait(ctx, len(want)); err != nil {
		t.Errorf("%d of %d events arrived", p.Got.Len(), len(want))
	}
	if d := p.Got.Compare(want); !d.None() {
		t.Errorf("missing %v, invented %v, changed %v", d.Missing, d.Invented, d.Changed)
	}
}

func closeSink(t *testing.T, p Peer) {
	t.Helper()
	if err := p.Sink.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func testParallel(t *testing.T, p Peer) {
	events := Events(800)
	var group sync.WaitGroup
	for i := 0; i < len(events); i += 100 {
		group.Go(func() { send(t, p, events[i:i+100]) })
	}
	group.Wait()
	arrived(t, p, events)
	closeSink(t, p)
}

func testUnchanged(t *testing.T, p Peer) {
	events := append(Events(20), Hostile()...)
	var before [][]byte
	for i := range events {
		before = append(before, p.Content(t, &events[i]))
	}
	send(t, p, events)
	for i := range events {
		if !bytes.Equal(before[i], p.Content(t, &events[i])) {
			t.Errorf("event %s was changed", events[i].ID)
		}
	}
	closeSink(t, p)
}

func testCanceled(t *testing.T, p Peer) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Sink.Send(ctx, Events(10)); err == nil {
		t.Error("Send confirmed events though its context had ended")
	}
	closeSink(t, p)
}
