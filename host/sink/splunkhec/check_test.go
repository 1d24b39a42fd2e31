package splunkhec_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// lines is a report as text.
func lines(r checkup.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
	}
	return b.String()
}

// TestCheck breaks one thing at a time and holds that the check names just that, and what to do.
func TestCheck(t *testing.T) {
	refuse := func(status, code int, text string) *hectest.Answer {
		return &hectest.Answer{Status: status, Code: code, Text: text}
	}
	page := &hectest.Answer{Status: http.StatusNotFound, Body: "<html>not found</html>"}
	tests := map[string]struct {
		server hectest.Config
		change func(*testing.T, *splunkhec.Config)
		quiet  bool // sends no event
		failed bool
		events int // that arrive
		want   []string
	}{
		"all is well": {events: 1, want: []string{"ok tcp", "ok collector: is healthy", "ok token: is known", "ok send: test event check-", "is accepted in"}},
		"nothing is sent": {quiet: true, want: []string{
			"ok token", "warning send: no test event was sent: whether the index may be written isn't known -> run it without --no-send",
		}},
		"acknowledged": {
			server: hectest.Config{Ack: true}, change: func(_ *testing.T, c *splunkhec.Config) { c.Ack = true },
			events: 1, want: []string{"ok ack", "is indexed in"},
		},
		"ack is off": {
			change: func(_ *testing.T, c *splunkhec.Config) { c.Ack = true }, failed: true,
			want: []string{"problem ack: answered HTTP 400, code 14", "turn on indexer acknowledgement for the token, or set ack to false"},
		},
		"ack is on": {
			server: hectest.Config{Refuse: refuse(400, 10, "Data channel is missing")}, failed: true,
			want: []string{"problem ack: answered HTTP 400, code 10", "set ack to true"},
		},
		"unknown token": {
			server: hectest.Config{Token: "fake-other-token"}, failed: true,
			want: []string{"problem token: answered HTTP 403, code 4", "doesn't know the token in "},
		},
		"a firewall refuses": {
			server: hectest.Config{Refuse: &hectest.Answer{Status: 403, Body: "<html>no</html>"}}, failed: true,
			want: []string{"problem token: answered HTTP 403 without a HEC code -> refused by something before the collector"},
		},
		"token is disabled": {
			server: hectest.Config{Refuse: refuse(403, 1, "Token disabled")}, failed: true,
			want: []string{"problem token: answered HTTP 403, code 1", "turn the token on"},
		},
		"token is taken out": {
			server: hectest.Config{Refuse: refuse(401, 2, "Token is required")}, failed: true,
			want: []string{"code 2", "takes the Authorization header out"},
		},
		"token has another form": {server: hectest.Config{Refuse: refuse(401, 3, "Invalid authorization")}, failed: true, want: []string{"code 3"}},
		"token can't be read": {
			change: func(t *testing.T, c *splunkhec.Config) { c.TokenFile = filepath.Join(t.TempDir(), "absent") }, failed: true,
			want: []string{"problem configuration: token_file: "},
		},
		"index isn't allowed": {
			server: hectest.Config{Indexes: []string{"main"}}, change: func(_ *testing.T, c *splunkhec.Config) { c.Index = "azure" },
			failed: true, want: []string{"problem index: answered HTTP 400, code 7", "make index azure, add it to the token's allowed indexes"},
		},
		"HEC is off": {
			server: hectest.Config{Health: page}, failed: true, want: []string{"problem collector: ", "turn HEC on"},
		},
		"queues are full": {
			server: hectest.Config{Health: refuse(503, 18, "HEC is unhealthy, queues are full")}, events: 1,
			want: []string{"warning collector: answered HTTP 503, code 18"},
		},
		"busy": {
			server: hectest.Config{Answer: func(hectest.Request) *hectest.Answer { return refuse(503, 9, "Server is busy") }}, failed: true,
			want: []string{"problem send: answered HTTP 503, code 9", "busy or down"},
		},
		"gzip is refused": {
			server: hectest.Config{Answer: func(hectest.Request) *hectest.Answer { return refuse(415, 6, "Unsupported") }}, failed: true,
			want: []string{"problem send: answered HTTP 415", "set gzip to false"},
		},
		"nobody listens": {
			change: func(_ *testing.T, c *splunkhec.Config) { c.URL = "http://127.0.0.1:1" }, failed: true,
			want: []string{"problem tcp", "Splunk listens only while HEC is on"},
		},
		"no TLS there": {
			change: func(_ *testing.T, c *splunkhec.Config) { c.URL = strings.Replace(c.URL, "http:", "https:", 1) }, failed: true,
			want: []string{"problem tls: the receiver doesn't speak TLS on this port"},
		},
		"refused address": {
			change: func(_ *testing.T, c *splunkhec.Config) { c.URL = "https://169.254.169.254" }, failed: true, want: []string{"problem tcp", "refused"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, c := start(t, test.server)
			if test.change != nil {
				test.change(t, &c)
			}
			report := checkHEC(t, c, test.quiet)
			text := lines(report)
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q", want)
				}
			}
			token, _ := os.ReadFile(c.TokenFile) // absent in one test
			if report.Failed() != test.failed || server.Events.Len() != test.events || len(token) > 0 && strings.Contains(text, strings.TrimSpace(string(token))) || t.Failed() {
				t.Errorf("failed: %v, %d events\n%s", report.Failed(), server.Events.Len(), text)
			}
		})
	}
}

func checkHEC(t *testing.T, c splunkhec.Config, quiet bool) checkup.Report {
	t.Helper()
	if quiet {
		return splunkhec.Check(t.Context(), c, nil)
	}
	event, err := checkup.Event(time.Now(), "relay01")
	if err != nil {
		t.Fatal(err)
	}
	return splunkhec.Check(t.Context(), c, &event)
}

// TestCheckEveryCollector holds that collectors at urls are asked as the one at url is.
func TestCheckEveryCollector(t *testing.T) {
	first, c := start(t, hectest.Config{})
	other, otherConfig := start(t, hectest.Config{Token: "fake-other-token"})
	last, lastConfig := start(t, hectest.Config{})
	c.URLs = []string{otherConfig.URL, "http://127.0.0.1:1", lastConfig.URL}
	report := checkHEC(t, c, false)
	text := lines(report)
	for _, want := range []string{
		"ok send " + strings.TrimPrefix(c.URL, "http://"), "problem token " + strings.TrimPrefix(otherConfig.URL, "http://"),
		"problem tcp 127.0.0.1:1: ", "is the port in urls right", "ok send " + strings.TrimPrefix(lastConfig.URL, "http://"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if first.Events.Len() != 1 || other.Events.Len() != 0 || last.Events.Len() != 1 {
		t.Errorf("%d, %d and %d events arrived", first.Events.Len(), other.Events.Len(), last.Events.Len())
	}
}

// TestCheckTLS holds what is said of certificates.
func TestCheckTLS(t *testing.T) {
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	file, err := ca.WriteFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		name   string
		span   endpointtest.Span
		file   string
		failed bool
		want   string
	}{
		"unknown authority": {name: "127.0.0.1", failed: true, want: "problem tls: the certificate is signed by an authority that isn't trusted: riskrelay test CA -> have the receiver send its whole chain"},
		"wrong name":        {name: "splunk.example.com", file: file, failed: true, want: "problem tls: the certificate is for splunk.example.com, not for 127.0.0.1"},
		"expired":           {name: "127.0.0.1", file: file, span: endpointtest.Span{From: -48 * time.Hour, To: -time.Hour}, failed: true, want: "problem tls: the certificate expired: it was valid until 20"},
		"not yet valid":     {name: "127.0.0.1", file: file, span: endpointtest.Span{From: time.Hour, To: 48 * time.Hour}, failed: true, want: "problem tls: the certificate is valid only from 20"},
		"ends soon":         {name: "127.0.0.1", file: file, want: "warning tls: TLS 1.3 with 127.0.0.1, certificate for 127.0.0.1 by riskrelay test CA until "},
		"all is well":       {name: "127.0.0.1", file: file, span: endpointtest.Span{From: -time.Hour, To: 100 * 24 * time.Hour}, want: "ok tls: TLS 1.3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config, err := ca.ServerConfigFor(test.span, test.name)
			if err != nil {
				t.Fatal(err)
			}
			_, c := start(t, hectest.Config{TLS: config})
			c.CAFile = test.file
			report := checkHEC(t, c, false)
			if text := lines(report); report.Failed() != test.failed || !strings.Contains(text, test.want) {
				t.Errorf("want %q in\n%s", test.want, text)
			}
		})
	}
}
