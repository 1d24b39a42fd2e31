package splunkhec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// pair is two collectors and a configuration that names both.
func pair(t *testing.T, first, second hectest.Config) (a, b *hectest.Server, c splunkhec.Config) {
	t.Helper()
	a, c = start(t, first)
	b, other := start(t, second)
	c.URLs, c.BatchBytes, c.Requests = []string{other.URL}, 8<<10, 1
	return a, b, c
}

// TestSeveralCollectors checks that all get a share, also where acknowledgements are known to one of them only.
func TestSeveralCollectors(t *testing.T) {
	for _, ack := range []bool{false, true} {
		a, b, config := pair(t, hectest.Config{Ack: ack}, hectest.Config{Ack: ack})
		events := sinktest.Events(200)
		if receipt, err := newSink(t, config).Send(t.Context(), events); err != nil || receipt.Events != 200 {
			t.Fatalf("ack %t: receipt %+v, %v", ack, receipt, err)
		}
		if a.Events.Len() == 0 || b.Events.Len() == 0 || a.Events.Total()+b.Events.Total() != 200 {
			t.Errorf("ack %t: %d and %d events, want 200 over both", ack, a.Events.Total(), b.Events.Total())
		}
	}
}

// TestFailover checks that the others take over from a collector that is gone or ill.
func TestFailover(t *testing.T) {
	ill := func(hectest.Request) *hectest.Answer {
		return &hectest.Answer{Status: 503, Code: 23, Text: "Server is shutting down"}
	}
	for name, ack := range map[string]bool{"accepted": false, "acknowledged": true} {
		t.Run(name+", ill", func(t *testing.T) {
			_, b, config := pair(t, hectest.Config{Ack: ack, Answer: ill}, hectest.Config{Ack: ack})
			if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(200)); err != nil || b.Events.Len() != 200 {
				t.Errorf("%v, %d events", err, b.Events.Len())
			}
		})
		t.Run(name+", gone", func(t *testing.T) {
			a, b, config := pair(t, hectest.Config{Ack: ack}, hectest.Config{Ack: ack})
			sink := newSink(t, config)
			if _, err := sink.Send(t.Context(), sinktest.Events(50)); err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			before := b.Events.Total()
			if _, err := sink.Send(t.Context(), sinktest.Events(200)); err != nil || b.Events.Total()-before != 200 {
				t.Errorf("%v, %d events", err, b.Events.Total()-before)
			}
		})
	}
}

// TestOneCollectorRefusesTheToken is about a collector that was added and doesn't know the token yet: the others do.
func TestOneCollectorRefusesTheToken(t *testing.T) {
	a, b, config := pair(t, hectest.Config{}, hectest.Config{})
	b.SetToken("another-fake-token")
	sink, events := newSink(t, config), sinktest.Events(40)
	for i := range 10 {
		if receipt, err := sink.Send(t.Context(), events[4*i:4*i+4]); err != nil || receipt.Events != 4 {
			t.Fatalf("receipt %+v, %v", receipt, err)
		}
	}
	if a.Events.Total() != 40 || b.Events.Len() != 0 {
		t.Errorf("%d and %d events arrived", a.Events.Total(), b.Events.Len())
	}
}

// TestAllCollectorsIll checks that the error names the one that was asked last.
func TestAllCollectorsIll(t *testing.T) {
	ill := func(hectest.Request) *hectest.Answer { return &hectest.Answer{Status: 502, Body: "bad gateway"} }
	a, b, config := pair(t, hectest.Config{Answer: ill}, hectest.Config{Answer: ill})
	_, err := newSink(t, config).Send(t.Context(), sinktest.Events(1))
	if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(b.URL, "http://")) {
		t.Errorf("error %v doesn't name %s", err, b.URL)
	}
	if a.Requests() != 1 || b.Requests() != 1 {
		t.Errorf("%d and %d requests, want one each", a.Requests(), b.Requests())
	}
}

// TestTokenWantsAcknowledgement checks that a token with acknowledgement gets it though it isn't configured.
func TestTokenWantsAcknowledgement(t *testing.T) {
	server, config := start(t, hectest.Config{Ack: true})
	config.Ack = false
	receipt, err := newSink(t, config).Send(t.Context(), sinktest.Events(10))
	if err != nil || receipt.Promise != pipeline.Indexed || server.Events.Total() != 10 {
		t.Errorf("receipt %+v, %v, %d events", receipt, err, server.Events.Total())
	}
}

// TestDeniedTokenIsProbed checks that a refused token is asked about with requests without events, and that all flows when it is good again.
func TestDeniedTokenIsProbed(t *testing.T) {
	server, config := start(t, hectest.Config{})
	server.SetToken("another-fake-token")
	sink := newSink(t, config)
	for range 5 {
		_, err := sink.Send(t.Context(), sinktest.Events(10))
		if asked := new(pipeline.RetryAfter); !errors.As(err, &asked) || asked.Wait < 30*time.Second || !strings.Contains(err.Error(), "Invalid token") {
			t.Fatalf("got %v, want to be told to wait", err)
		}
	}
	if n := server.Posts(); n != 1 {
		t.Errorf("%d requests with a refused token, want 1", n)
	}
}

// TestIndexOfTable checks that a table whose index is wrong holds up no other.
func TestIndexOfTable(t *testing.T) {
	server, config := start(t, hectest.Config{Indexes: []string{"azure_auditlogs", "azure_signinlogs"}})
	config.Index = "azure_{table}"
	sink := newSink(t, config)
	events := sinktest.Events(20)
	for i := range events {
		events[i].Table = []string{"AzureActivity", "AuditLogs", "SigninLogs"}[i%3]
	}
	receipt, err := sink.Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) || receipt.Events != 13 || server.Events.Total() != 13 {
		t.Fatalf("receipt %+v, %v, %d arrived; want 13 delivered once", receipt, err, server.Events.Total())
	}
	for _, r := range partial.Rejected {
		if events[r.Index].Table != "AzureActivity" || !strings.Contains(r.Reason, "Incorrect index") {
			t.Errorf("rejected %s of %s", r.Reason, events[r.Index].Table)
		}
	}
}

// TestWrongIndexAlone checks that a setting that fits no table is told, and takes no event to the dead letters.
func TestWrongIndexAlone(t *testing.T) {
	for _, index := range []string{"azure_{table}", "azure"} {
		_, config := start(t, hectest.Config{Indexes: []string{"main"}})
		config.Index = index
		_, err := newSink(t, config).Send(t.Context(), sinktest.Events(20))
		if asked := new(pipeline.RetryAfter); !errors.As(err, &asked) || errors.As(err, new(*pipeline.PartialError)) {
			t.Errorf("%s: %v", index, err)
		}
	}
}

// TestFirewallDislikesAnEvent checks that what is refused before the collector for its content is singled out, and the rest delivered.
func TestFirewallDislikesAnEvent(t *testing.T) {
	events := sinktest.Events(100)
	bad := events[42].ID
	server, config := start(t, hectest.Config{Answer: func(r hectest.Request) *hectest.Answer {
		if slices.Contains(r.IDs, bad) {
			return &hectest.Answer{Status: 403, Body: "<html>Request blocked</html>"}
		}
		return nil
	}})
	receipt, err := newSink(t, config).Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) || receipt.Events != 99 || server.Events.Len() != 99 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if r := partial.Rejected[0]; r.Index != 42 || !strings.Contains(r.Reason, "before the collector") {
		t.Errorf("rejected %+v", r)
	}
}

// TestPoisonedBatch checks that a batch of nothing but bad events ends in the dead letters where the collector takes others.
func TestPoisonedBatch(t *testing.T) {
	events := sinktest.Events(60)
	poison := events[20:40]
	server, config := start(t, hectest.Config{Answer: func(r hectest.Request) *hectest.Answer {
		for _, e := range poison {
			if slices.Contains(r.IDs, e.ID) {
				return &hectest.Answer{Status: 400, Code: 6, Text: "Invalid data format"}
			}
		}
		return nil
	}})
	sink := newSink(t, config)
	if _, err := sink.Send(t.Context(), poison); err == nil || errors.As(err, new(*pipeline.PartialError)) {
		t.Errorf("nothing was ever taken: %v, want no event blamed", err)
	}
	if _, err := sink.Send(t.Context(), events[:20]); err != nil {
		t.Fatal(err)
	}
	_, err := sink.Send(t.Context(), poison)
	if partial := new(pipeline.PartialError); !errors.As(err, &partial) || len(partial.Rejected) != 20 {
		t.Errorf("got %v, want 20 rejected", err)
	}
	if n := server.Events.Len(); n != 20 {
		t.Errorf("%d events arrived, want 20", n)
	}
}
