package sumologic_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/sumologic"
	"github.com/riskrelay/riskrelay/host/sink/sumologic/sumotest"
)

// TestCheck breaks one thing at a time and holds that the check names just that, what to do, and never the code.
func TestCheck(t *testing.T) {
	answers := func(a sumotest.Answer) sumotest.Config {
		return sumotest.Config{Answer: func(sumotest.Request) *sumotest.Answer { return &a }}
	}
	tests := map[string]struct {
		server sumotest.Config
		change func(*testing.T, *sumotest.Server, sumologic.Config)
		quiet  bool
		failed bool
		events int
		want   string
	}{
		"all is well":     {events: 1, want: "was accepted in "},
		"nothing is sent": {quiet: true, want: "warning send: no test event was sent"},
		"unknown code": {
			change: func(_ *testing.T, s *sumotest.Server, _ sumologic.Config) { s.Regenerate("fake-other") }, failed: true,
			want: "problem code: answered HTTP 401: the code in url_file is unknown or was revoked -> copy the address",
		},
		"nobody listens": {
			change: func(t *testing.T, _ *sumotest.Server, c sumologic.Config) {
				writeURL(t, c.URLFile, "http://127.0.0.1:1/receiver/v1/http/ZmFrZS1jb2Rl-1")
			}, failed: true, want: "problem tcp: connect to 127.0.0.1:1",
		},
		"no address": {
			change: func(t *testing.T, _ *sumotest.Server, c sumologic.Config) { writeURL(t, c.URLFile, "ZmFrZS1jb2Rl-1") }, failed: true,
			want: "problem configuration: url_file: ",
		},
		"throttled":  {server: answers(sumotest.Answer{Status: 429}), failed: true, want: "problem send: answered HTTP 429 -> throttled"},
		"a web page": {server: answers(sumotest.Answer{Status: 200, ContentType: "text/html", Body: "<html>"}), failed: true, want: "is a proxy in between?"},
		"cut":        {server: answers(sumotest.Answer{Cut: true}), failed: true, want: "problem send: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, c := start(t, test.server)
			if test.change != nil {
				test.change(t, server, c)
			}
			event, err := checkup.Event(time.Now(), "relay01")
			if err != nil {
				t.Fatal(err)
			}
			sent := &event
			if test.quiet {
				sent = nil
			}
			r := sumologic.Check(t.Context(), c, sent)
			text := ""
			for _, s := range r.Steps {
				text += fmt.Sprintf("%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
			}
			if r.Failed() != test.failed || !strings.Contains(text, test.want) || strings.Contains(text, "ZmFrZS") {
				t.Errorf("want %q in\n%s", test.want, text)
			}
			if server.Events.Len() != test.events {
				t.Errorf("%d events arrived, want %d", server.Events.Len(), test.events)
			}
		})
	}
}

func TestCertificatesAreRotatedWithoutRestart(t *testing.T) {
	var current atomic.Pointer[tls.Config]
	server, c := start(t, sumotest.Config{TLS: &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return current.Load(), nil
	}}})
	directory := t.TempDir()
	var sink *sumologic.Sink
	for round := range 3 { // a new authority each time, in the same file
		ca, err := endpointtest.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		config, err := ca.ServerConfig("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		current.Store(config)
		if c.CAFile, err = ca.WriteFile(directory); err != nil {
			t.Fatal(err)
		}
		if sink == nil {
			sink = newSink(t, c)
		}
		if _, err := sink.Send(t.Context(), sinktest.Events(4*(round+1))); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		want := config.Certificates[0].Leaf.NotAfter
		if all := sink.Certificates(); len(all) != 1 || all[0].Whose != endpoint.Receiver || !all[0].Expires.Equal(want) {
			t.Errorf("round %d: certificates %+v, want one that ends %v", round, all, want)
		}
	}
	if server.Events.Len() != 12 {
		t.Errorf("%d events arrived", server.Events.Len())
	}
}

func TestChains(t *testing.T) {
	sinktest.TestChains(t, false, func(t *testing.T, chain endpointtest.Chain) sinktest.Secured {
		server, c := start(t, sumotest.Config{TLS: chain.Server})
		c.CAFile = chain.CAFile
		return sinktest.Secured{Sink: newSink(t, c), Got: &server.Events, Check: func(ctx context.Context, test *enrich.Event) checkup.Report {
			return sumologic.Check(ctx, c, test)
		}}
	})
}
