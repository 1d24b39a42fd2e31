package splunkhec

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// storing is a receiver that keeps what it is sent and answers without a code, until it is mended.
type storing struct {
	*hectest.Server
	mended atomic.Bool
	body   string
	status int
}

func startStoring(t *testing.T, status int, body string) *storing {
	t.Helper()
	s := &storing{body: body, status: status}
	server, err := hectest.Start(hectest.Config{
		Answer: func(r hectest.Request) *hectest.Answer {
			if s.mended.Load() {
				return nil
			}
			return &hectest.Answer{Status: s.status, Body: s.body, Taken: len(r.IDs)}
		},
		Empty: func() *hectest.Answer {
			if s.mended.Load() {
				return nil
			}
			return &hectest.Answer{Status: s.status, Body: s.body}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s.Server = server
	return s
}

// sinkTo is a sink for the collector at the address.
func sinkTo(t *testing.T, at string, change func(*Config)) *Sink {
	t.Helper()
	c := Defaults()
	c.URL, c.TokenFile = at, filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(c.TokenFile, []byte("fake-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestAStrangerGetsABatchOnce holds that who answers 200 without a code isn't sent the same events again and again: after one batch it gets
// empty requests, until it answers these as a collector does. The error shows its words.
func TestAStrangerGetsABatchOnce(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		shows  string
	}{
		"a status":     {http.StatusOK, `{"status":"Success"}`, `without a HEC code ({"status":"Success"}): not the reply of an HTTP Event Collector`},
		"other words":  {http.StatusOK, `{"result": "ok", "took": 3}`, `without a HEC code ({"result": "ok", "took": 3})`},
		"a page":       {http.StatusOK, "<html>\n<body>Welcome</body>", `without a HEC code (<html> <body>Welcome</body>): not the reply of an HTTP Event Collector; is a proxy`},
		"nothing":      {http.StatusOK, " ", "answered HTTP 200 with nothing"},
		"created":      {http.StatusCreated, `{"status":"Success"}`, "answered HTTP 201 without a HEC code"},
		"other status": {http.StatusOK, `{"status":"queued"}`, `without a HEC code ({"status":"queued"})`},
	} {
		t.Run(name, func(t *testing.T) {
			server := startStoring(t, c.status, c.body)
			s := sinkTo(t, server.URL, nil)
			events := sinktest.Events(3)
			for try := range 5 {
				_, err := s.Send(t.Context(), events)
				if err == nil || !strings.Contains(err.Error(), c.shows) {
					t.Fatalf("try %d: %v", try, err)
				}
				if wait := new(pipeline.RetryAfter); try > 0 && (!errors.As(err, &wait) || wait.Wait < deniedWait) {
					t.Errorf("try %d: isn't tried later: %v", try, err)
				}
			}
			if server.Requests() != 1 || server.Events.Total() != 3 || server.Posts() != 2 {
				t.Errorf("%d requests with %d events, %d in all: want 1 with 3, and one that asks", server.Requests(), server.Events.Total(), server.Posts())
			}
			server.mended.Store(true)
			for _, one := range s.collectors.list {
				one.next = one.next.Add(-deniedWait) // the time has come
			}
			if receipt, err := s.Send(t.Context(), events); err != nil || receipt.Events != 3 || receipt.Promise != pipeline.Accepted {
				t.Errorf("a collector again: %+v, %v", receipt, err)
			}
		})
	}
}

// TestACutReplyIsAskedAbout holds that a collector one of whose replies was replaced on the way is known for one at the next try.
func TestACutReplyIsAskedAbout(t *testing.T) {
	var asked atomic.Int64
	server, err := hectest.Start(hectest.Config{Answer: func(hectest.Request) *hectest.Answer {
		if asked.Add(1) == 1 {
			return &hectest.Answer{Status: http.StatusOK, Body: "<html>"}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s := sinkTo(t, server.URL, nil)
	if _, err := s.Send(t.Context(), sinktest.Events(2)); err == nil {
		t.Fatal("a page counts as delivered")
	}
	if receipt, err := s.Send(t.Context(), sinktest.Events(2)); err != nil || receipt.Events != 2 {
		t.Errorf("%+v, %v", receipt, err)
	}
}

// TestLenient holds that a status that says success counts as accepted where lenient says so, and nothing else does.
func TestLenient(t *testing.T) {
	for body, taken := range map[string]bool{`{"status":"Success"}`: true, `{"status": "success", "took": 1}`: true, `{"status":"Failed"}`: false, `Success`: false, `"Success"`: false} {
		server := startStoring(t, http.StatusOK, body)
		s := sinkTo(t, server.URL, func(c *Config) { c.Lenient = true })
		receipt, err := s.Send(t.Context(), sinktest.Events(3))
		if ok := err == nil && receipt.Events == 3 && receipt.Promise == pipeline.Accepted; ok != taken {
			t.Errorf("%q: %+v, %v", body, receipt, err)
		}
	}
	c := Defaults()
	c.URL, c.TokenFile, c.Lenient, c.Ack = "https://splunk.example.com:8088", "token", true, true
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "lenient") {
		t.Errorf("lenient and ack: %v", err)
	}
}
