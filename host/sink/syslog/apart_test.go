package syslog_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/sink/syslog/syslogtest"
)

// sendTimes sends events until that ends with anything but an error to be tried again, n times at most.
func sendTimes(t *testing.T, sink *syslog.Sink, events []enrich.Event, n int) (rejected []pipeline.Rejection, err error) {
	t.Helper()
	for range n {
		_, err = sink.Send(t.Context(), events)
		if partial := new(pipeline.PartialError); errors.As(err, &partial) {
			return partial.Rejected, nil
		}
		if err == nil {
			return nil, nil
		}
	}
	return nil, err
}

// TestMessagesThatReceiversDoNotSurvive is about receivers that close the connection on what is too long for them: only
// those events are rejected, whatever is around them.
func TestMessagesThatReceiversDoNotSurvive(t *testing.T) {
	secured, useTLS := withTLS(t)
	for name, c := range map[string]struct {
		server syslogtest.Config
		change func(*syslog.Config)
	}{"tcp": {syslogtest.Config{}, func(*syslog.Config) {}}, "tls": {secured, useTLS}} {
		t.Run(name, func(t *testing.T) {
			c.server.Refuse = func(message []byte) bool { return len(message) > 8<<10 }
			server, config := start(t, c.server)
			c.change(&config)
			config.Grace = time.Millisecond
			sink, events := newSink(t, config), sinktest.Events(40)
			sink.Attend(server)
			poison := []int{0, 17, 18, 39}
			for _, at := range poison {
				events[at] = sinktest.Event(events[at].ID, "AuditLogs", `{}`, strings.Repeat("x", 9<<10))
			}
			rejected, err := sendTimes(t, sink, events, 6)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range rejected {
				got = append(got, r.Index)
				if !strings.Contains(r.Reason, "is max_message above its limit?") {
					t.Errorf("reason %q", r.Reason)
				}
			}
			if !slices.Equal(got, poison) || server.Events.Len() != len(events)-len(poison) {
				t.Errorf("rejected %v; %d arrived", got, server.Events.Len())
			}
			if rejected, err := sendTimes(t, sink, sinktest.Events(10), 2); err != nil || rejected != nil {
				t.Errorf("afterwards: %v, %v", rejected, err)
			}
			if err := sink.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReceiverThatTakesNothing checks that events aren't blamed for a receiver, or for a load balancer before it, that
// closes every connection, be it from the beginning or from some message on.
func TestReceiverThatTakesNothing(t *testing.T) {
	for name, refuses := range map[string]func(n int64) bool{
		"ever": func(int64) bool { return true },
		// Three Sends, then all events at once, then it takes half of them, and then nothing.
		"any more": func(n int64) bool { return n <= 4 || n > 14 },
	} {
		t.Run(name, func(t *testing.T) {
			var messages atomic.Int64
			server, config := start(t, syslogtest.Config{Refuse: func([]byte) bool { return refuses(messages.Add(1)) }})
			config.Grace = time.Millisecond
			sink := newSink(t, config)
			sink.Attend(server)
			if rejected, err := sendTimes(t, sink, sinktest.Events(20), 8); err == nil {
				t.Errorf("rejected %v", rejected)
			}
			if n := messages.Load(); n < 14 {
				t.Errorf("only %d messages came", n)
			}
			if err := sink.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
