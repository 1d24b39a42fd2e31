package syslog_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/received"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// TestHundredReceiverDeaths lets receivers die again and again in the middle of what they read: what they have read but
// not taken, and what lies in their socket, is lost. What Send confirmed must be there all the same, and what is sent
// again is no more than what was under way.
func TestHundredReceiverDeaths(t *testing.T) {
	const deaths, senders, size = 100, 4, 5
	secured, useTLS := withTLS(t)
	for name, c := range map[string]struct {
		server syslogtest.Config
		change func(*syslog.Config)
	}{"tcp": {syslogtest.Config{}, func(*syslog.Config) {}}, "tls": {secured, useTLS}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var died, confirmed atomic.Int64
			c.server.Cut = func(n int) bool { return n%31 == 0 && died.Add(1) <= deaths }
			server, config := start(t, c.server)
			c.change(&config)
			config.Grace = time.Millisecond
			sink := newSink(t, config)
			sink.Attend(server)
			events, sent := sinktest.Events(1000), map[string]uint64{}
			for i := range events {
				sent[events[i].ID] = received.Sum(syslog.Text(t, &events[i]))
			}
			work := make(chan []enrich.Event)
			var group sync.WaitGroup
			for range senders {
				group.Go(func() {
					for batch := range work {
						for {
							if _, err := sink.Send(t.Context(), batch); err == nil {
								break
							}
						}
						confirmed.Add(size)
					}
				})
			}
			batches := slices.Collect(slices.Chunk(events, size))
			for i := 0; i < len(batches) || died.Load() <= deaths; i++ {
				work <- batches[i%len(batches)]
			}
			close(work)
			group.Wait()
			if d := server.Events.Compare(sent); !d.None() {
				t.Errorf("%d confirmed events are missing, %d were invented, %d changed", len(d.Missing), len(d.Invented), len(d.Changed))
			}
			if again := int64(server.Events.Total()) - confirmed.Load(); again > deaths*senders*size {
				t.Errorf("%d events came again over %d deaths", again, deaths)
			}
			if err := sink.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCutRightAfterWriting is about a receiver that reads one message and dies: nothing of the Send may count.
func TestCutRightAfterWriting(t *testing.T) {
	_, config := start(t, syslogtest.Config{Cut: func(n int) bool { return n == 1 }})
	config.Grace = time.Hour // the cut comes long before
	sink := newSink(t, config)
	receipt, err := sink.Send(t.Context(), sinktest.Events(20))
	if err == nil {
		t.Errorf("confirmed %+v on a connection that was cut", receipt)
	}
	if err := sink.Close(); err != nil {
		t.Error(err)
	}
}
