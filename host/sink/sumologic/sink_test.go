package sumologic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/sumologic"
	"github.com/riskrelay/riskrelay/host/sink/sumologic/sumotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a source and returns it with a configuration that fits.
func start(t testing.TB, c sumotest.Config) (*sumotest.Server, sumologic.Config) {
	t.Helper()
	server := sumotest.Start(c)
	t.Cleanup(func() {
		server.Close()
		for _, err := range server.Malformed() {
			t.Error(err)
		}
	})
	config := sumologic.Defaults()
	config.URLFile, config.Host = filepath.Join(t.TempDir(), "url"), "relay01"
	writeURL(t, config.URLFile, server.URL())
	return server, config
}

func writeURL(t testing.TB, path, url string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newSink(t testing.TB, c sumologic.Config) *sumologic.Sink {
	t.Helper()
	s, err := sumologic.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func line(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	text, err := eventjson.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSuite(t *testing.T) {
	for _, gzip := range []bool{true, false} {
		t.Run(fmt.Sprintf("gzip %v", gzip), func(t *testing.T) {
			sinktest.TestSink(t, func(t *testing.T) sinktest.Peer {
				server, config := start(t, sumotest.Config{})
				config.Gzip, config.BatchBytes = gzip, 100_000
				return sinktest.Peer{Sink: newSink(t, config), Got: &server.Events, Content: line, Promise: pipeline.Accepted}
			})
		})
	}
}

// TestHeaders shows what a request says about its events, which are of one table.
func TestHeaders(t *testing.T) {
	got := map[string]http.Header{}
	_, config := start(t, sumotest.Config{Answer: func(r sumotest.Request) *sumotest.Answer {
		for _, id := range r.IDs {
			got[id] = r.Header
		}
		return nil
	}})
	config.Requests, config.Name, config.Fields = 1, "riskrelay-{table}", map[string]string{"team": "identity & access", "env": "prod"}
	events := []enrich.Event{
		sinktest.Event("a", "AuditLogs", `{}`, ""), sinktest.Event("b", "AuditLogs", `{}`, ""),
		sinktest.Event("c", "Evil\r\nX-Sumo-Category: é/x", `{}`, ""),
	}
	if _, err := newSink(t, config).Send(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]map[string]string{
		"a": {
			"X-Sumo-Category": "azure/loganalytics/auditlogs", "X-Sumo-Name": "riskrelay-auditlogs", "X-Sumo-Host": "relay01",
			"X-Sumo-Fields": "env=prod,team=identity & access", "Content-Encoding": "gzip",
		},
		"b": {"X-Sumo-Category": "azure/loganalytics/auditlogs"},
		"c": {"X-Sumo-Category": "azure/loganalytics/evilxsumocategoryx"},
	} {
		for name, value := range want {
			if got[id].Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", id, name, got[id].Get(name), value)
			}
		}
	}
}

// TestAnswers checks that an answer but a plain 200 delivers nothing, and that the same events go out again.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer sumotest.Answer
		wait   time.Duration
		says   string
	}{
		"401":                {sumotest.Answer{Status: 401}, 30 * time.Second, "unknown or was revoked"},
		"408":                {sumotest.Answer{Status: 408}, 0, "to be tried again"},
		"429":                {sumotest.Answer{Status: 429}, 5 * time.Second, "throttled"},
		"429 with time":      {sumotest.Answer{Status: 429, RetryAfter: "77"}, 77 * time.Second, "throttled"},
		"500":                {sumotest.Answer{Status: 500}, 0, "to be tried again"},
		"503":                {sumotest.Answer{Status: 503, RetryAfter: "9"}, 9 * time.Second, "to be tried again"},
		"504, but taken":     {sumotest.Answer{Status: 504, Taken: true}, 0, "to be tried again"},
		"redirect":           {sumotest.Answer{Status: 302}, 0, "redirects are not followed"},
		"404":                {sumotest.Answer{Status: 404}, 0, "is the address in url_file whole"},
		"a page":             {sumotest.Answer{Status: 200, ContentType: "text/html; charset=utf-8", Body: "<html>log in"}, 0, "is a proxy in between"},
		"202":                {sumotest.Answer{Status: 202}, 0, "not delivered"},
		"cut before answer":  {sumotest.Answer{Cut: true}, 0, "EOF"},
		"taken, then broken": {sumotest.Answer{Cut: true, Taken: true}, 0, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var bad atomic.Bool
			bad.Store(true)
			server, config := start(t, sumotest.Config{Answer: func(sumotest.Request) *sumotest.Answer {
				if bad.Load() {
					return &c.answer
				}
				return nil
			}})
			sink, events := newSink(t, config), sinktest.Events(20)
			receipt, err := sink.Send(t.Context(), events)
			if err == nil || receipt.Events != 0 || errors.As(err, new(*pipeline.PartialError)) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("receipt %+v, %v; want an error that says %q", receipt, err, c.says)
			}
			asked := new(pipeline.RetryAfter)
			if errors.As(err, &asked); asked.Wait != c.wait {
				t.Errorf("asks to wait %v, want %v", asked.Wait, c.wait)
			}
			if strings.Contains(err.Error(), "/receiver/") {
				t.Errorf("the error holds the address: %v", err)
			}
			bad.Store(false)
			if receipt, err = sink.Send(t.Context(), events); err != nil || receipt.Events != len(events) || server.Events.Len() != len(events) {
				t.Errorf("receipt %+v, %v; %d arrived", receipt, err, server.Events.Len())
			}
		})
	}
}

func TestNewAddressIsTakenUp(t *testing.T) {
	server, config := start(t, sumotest.Config{})
	sink := newSink(t, config)
	server.Regenerate("ZmFrZS1jb2Rl-2")
	if _, err := sink.Send(t.Context(), sinktest.Events(1)); err == nil {
		t.Error("confirmed by a source that doesn't know the address")
	}
	writeURL(t, config.URLFile, server.URL())
	if _, err := sink.Send(t.Context(), sinktest.Events(1)); err != nil {
		t.Error(err)
	}
}

// TestPoison checks that only the events that the source refuses are rejected, whatever is around them.
func TestPoison(t *testing.T) {
	events := sinktest.Events(100)
	poison := []int{0, 41, 42, 99}
	server, config := start(t, sumotest.Config{Answer: func(r sumotest.Request) *sumotest.Answer {
		for _, at := range poison {
			if slices.Contains(r.IDs, events[at].ID) {
				return &sumotest.Answer{Status: 400}
			}
		}
		return nil
	}})
	receipt, err := newSink(t, config).Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) || receipt.Events != 96 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	var got []int
	for _, r := range partial.Rejected {
		got = append(got, r.Index)
	}
	if !slices.Equal(got, poison) || server.Events.Len() != 96 || server.Events.Total() != 96 {
		t.Errorf("rejected %v; %d arrived, %d with repetitions", got, server.Events.Len(), server.Events.Total())
	}
}

func TestSourceThatRefusesEverything(t *testing.T) {
	_, config := start(t, sumotest.Config{Answer: func(sumotest.Request) *sumotest.Answer { return &sumotest.Answer{Status: 400} }})
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(10)); err == nil || errors.As(err, new(*pipeline.PartialError)) {
		t.Errorf("got %v, want an error that blames no event", err)
	}
}

func TestTooLarge(t *testing.T) {
	server, config := start(t, sumotest.Config{MaxBody: 10_000})
	sink := newSink(t, config)
	giant := sinktest.Event("giant", "AuditLogs", `{}`, strings.Repeat("x", 30_000))
	events := append(sinktest.Events(50), giant)
	if receipt, err := sink.Send(t.Context(), events); err != nil || receipt.Events != len(events) || server.Events.Len() != len(events) || !slices.Equal(receipt.Shortened, []int{50}) {
		t.Errorf("receipt %+v, %v; %d arrived", receipt, err, server.Events.Len())
	}
	before := server.Requests()
	if _, err := sink.Send(t.Context(), events[:50]); err != nil || server.Events.Total() != len(events)+50 {
		t.Errorf("%v; %d arrived", err, server.Events.Total())
	}
	if n := server.Requests() - before; n > 50 {
		t.Errorf("%d requests: what the source takes wasn't learnt", n)
	}
}

func TestLongEvents(t *testing.T) {
	server, config := start(t, sumotest.Config{})
	config.MaxEvent = 2048
	hopeless := sinktest.Event("hopeless", "AuditLogs", `{}`, "short")
	hopeless.Risk.Add("test", []enrich.Tag{{Rule: strings.Repeat("y", 4000), Severity: enrich.Low}})
	events := []enrich.Event{sinktest.Event("long", "AuditLogs", `{}`, strings.Repeat("é", 4000)), hopeless, sinktest.Event("short", "AuditLogs", `{}`, "x")}
	receipt, err := newSink(t, config).Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) || len(partial.Rejected) != 1 || partial.Rejected[0].Index != 1 || receipt.Events != 2 || server.Events.Len() != 2 || !slices.Equal(receipt.Shortened, []int{0}) {
		t.Errorf("receipt %+v, %v; %d arrived", receipt, err, server.Events.Len())
	}
}

func TestErrorsHoldNoAddress(t *testing.T) {
	const canary = "ZmFrZS1jYW5hcnk"
	_, config := start(t, sumotest.Config{})
	for name, text := range map[string]string{
		"http":       "http://siem.example.com/receiver/v1/http/" + canary,
		"no path":    "https://" + canary,
		"not a URL":  "%zz" + canary,
		"with query": "https://siem.example.com/receiver/v1/http/x?" + canary,
	} {
		writeURL(t, config.URLFile, text)
		if _, err := sumologic.New(config); err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), config.URLFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	writeURL(t, config.URLFile, "https://127.0.0.1:1/receiver/v1/http/"+canary)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := newSink(t, config).Send(ctx, sinktest.Events(1)); err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody listens: %v", err)
	}
	if err := os.Chmod(config.URLFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := sumologic.New(config); err == nil || !strings.Contains(err.Error(), "run chmod 0600 ") {
		t.Errorf("a file that others may read: %v", err)
	}
}

func TestValidate(t *testing.T) {
	good := sumologic.Defaults()
	good.URLFile = "/etc/riskrelay/sumo-url"
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*sumologic.Config){
		"url_file: name the file":         func(c *sumologic.Config) { c.URLFile = "" },
		"source_category: \"a\\nb\" must": func(c *sumologic.Config) { c.Category = "a\nb" },
		"source_host: \"é\" must":         func(c *sumologic.Config) { c.Host = "é" },
		"fields: a=b,c: want":             func(c *sumologic.Config) { c.Fields = map[string]string{"a": "b,c"} },
		"fields: a b=c: want":             func(c *sumologic.Config) { c.Fields = map[string]string{"a b": "c"} },
		"max_event: 10 is not":            func(c *sumologic.Config) { c.MaxEvent = 10 },
		"batch_bytes: 1 is not":           func(c *sumologic.Config) { c.BatchBytes = 1 },
		"requests: 0 is not":              func(c *sumologic.Config) { c.Requests = 0 },
		"timeout: must be positive":       func(c *sumologic.Config) { c.Timeout = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
