package sinktest

import (
	"context"
	"testing"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/received"
)

// TestRotation holds that certificates are replaced while events flow, without a restart: the new client certificate is shown, the
// receiver's new one of a new authority is accepted, and all events arrive. The sink trusts and shows the files of r.
func TestRotation(t *testing.T, r *endpointtest.Rotation, first string, sink pipeline.Sink, got *received.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, next := Events(4000), 0
	send := func() {
		for {
			_, err := sink.Send(ctx, events[next:next+4])
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("Send: %v", err)
			}
		}
		next += 4
	}
	send()
	for _, name := range []string{first, "second", "third"} {
		if name != first {
			if err := r.Rotate(name); err != nil {
				t.Fatal(err)
			}
		}
		send()
		select { // nothing else is sent meanwhile
		case <-r.Saw(name):
		case <-ctx.Done():
			t.Errorf("the client certificate %q wasn't shown with the next event", name)
		}
	}
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { // files are replaced at any moment of a Send
		defer close(stop)
		for range 20 {
			if err := r.Rotate("last"); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for busy := true; busy && next+4 <= len(events)-4; {
		send()
		select {
		case <-stop:
			busy = false
		default:
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	send()
	if err := got.Wait(ctx, next); err != nil {
		t.Errorf("%d of %d events arrived", got.Len(), next)
	}
	closeSink(t, Peer{Sink: sink})
}
