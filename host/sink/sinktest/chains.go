package sinktest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/received"
)

// Secured is a sink, what its receiver got, and the sink's check.
type Secured struct {
	Sink  pipeline.Sink
	Got   *received.Log
	Check func(ctx context.Context, test *enrich.Event) checkup.Report
}

// TestChains holds that a sink sends nothing to a receiver whose certificate or version of TLS isn't good, and that its error and
// its check name the reason. It does the same where the receiver refuses the client's certificate, if the sink shows any.
func TestChains(t *testing.T, showsCertificate bool, start func(*testing.T, endpointtest.Chain) Secured) {
	t.Helper()
	chains, err := endpointtest.Chains(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chains {
		if c.Server.ClientAuth != 0 && !showsCertificate {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s := start(t, c)
			_, err := s.Sink.Send(ctx, Events(1))
			closeSink(t, Peer{Sink: s.Sink})
			event, eventErr := checkup.Event(time.Now(), "relay01")
			if eventErr != nil {
				t.Fatal(eventErr)
			}
			report := s.Check(ctx, &event)
			text := ""
			for _, step := range report.Steps {
				text += step.Level + " " + step.Name + ": " + step.Says + " -> " + step.Fix + "\n"
			}
			if c.Refused == "" {
				if err == nil {
					err = s.Got.Wait(ctx, 2)
				}
				if err != nil || report.Failed() {
					t.Errorf("a good receiver is refused: %v\n%s", err, text)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.Refused) {
				t.Errorf("Send: %v, want %q", err, c.Refused)
			}
			if !report.Failed() || !strings.Contains(text, c.Check) {
				t.Errorf("want %q in\n%s", c.Check, text)
			}
			if s.Got.Len() != 0 {
				t.Errorf("%d events arrived", s.Got.Len())
			}
		})
	}
}
