package host

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// TestARemovedSink removes a sink that was behind from the configuration: everybody says what waits for it, nothing is given up
// before it is named in sinks.forget, and then nothing is said any more.
func TestARemovedSink(t *testing.T) {
	with := replay(t)
	dead := config.Syslog{Name: "archive", Config: syslog.Defaults()}
	dead.Config.Receiver = "generic"
	dead.Config.Address, dead.Config.Network = "127.0.0.1:1", syslog.TCP
	without := with
	with.Sinks.Syslog = []config.Syslog{dead}
	runUntil(t, with, "the sink doesn't take events")
	if s := ask(t, with); len(s.Abandoned) != 0 || s.Streams[0].Sinks[0].Windows != 1 {
		t.Fatalf("while it is configured: %+v", s)
	}
	for range 2 {
		if said := runUntil(t, without, "ended"); !slices.ContainsFunc(said, func(text string) bool {
			return strings.Contains(text, "the sink isn't configured any more") && strings.Contains(text, "sinks.forget")
		}) {
			t.Errorf("a host without it said %q", said)
		}
		if s := ask(t, without); len(s.Abandoned) != 1 || s.Abandoned[0].Sink != "archive" || s.Abandoned[0].Windows != 1 {
			t.Errorf("status: %+v", s.Abandoned)
		}
		if all, err := AbandonedSinks(t.Context(), without); err != nil || len(all) != 1 || all[0].Sink != "archive" {
			t.Errorf("%+v, %v", all, err)
		}
	}
	if all, err := AbandonedSinks(t.Context(), with); err != nil || len(all) != 0 {
		t.Errorf("put back: %+v, %v", all, err)
	}
	without.Sinks.Forget = []string{"archive"}
	if all, err := AbandonedSinks(t.Context(), without); err != nil || len(all) != 0 {
		t.Errorf("to be forgotten: %+v, %v", all, err)
	}
	if s := ask(t, without); len(s.Abandoned) != 0 {
		t.Errorf("the status asks about what is to be forgotten: %+v", s.Abandoned)
	}
	if said := runUntil(t, without, "ended"); !slices.ContainsFunc(said, func(text string) bool { return strings.Contains(text, "are given up") }) {
		t.Errorf("a host that forgets it said %q", said)
	}
	if s := ask(t, with); s.Streams[0].Sinks[0].Windows != 0 || s.Streams[0].Sinks[1].Total.Confirmed != 3 {
		t.Errorf("after it was forgotten: %+v", s.Streams[0].Sinks)
	}
}

// runUntil runs a host until it logs a message that has text in it, and returns what it logged.
func runUntil(t *testing.T, c config.Config, text string) (said []string) {
	t.Helper()
	log, logged := quietLog(), make(messages, 1000)
	log.AddHook(logged)
	h, err := New(t.Context(), c, Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	for one := range logged {
		if said = append(said, one); strings.Contains(one, text) {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return said
}
