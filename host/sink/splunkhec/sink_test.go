package splunkhec_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fakeToken = "00000000-fake-token-0000-000000000000"

// start starts a collector and returns it with a configuration that fits.
func start(t testing.TB, c hectest.Config) (*hectest.Server, splunkhec.Config) {
	t.Helper()
	if c.Token == "" {
		c.Token = fakeToken
	}
	server, err := hectest.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	config := splunkhec.Defaults()
	config.URL, config.Host, config.Ack = server.URL, "relay01", c.Ack
	config.TokenFile = writeFile(t, "token", fakeToken+"\n", 0o600)
	return server, config
}

func writeFile(t testing.TB, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

func newSink(t testing.TB, c splunkhec.Config) *splunkhec.Sink {
	t.Helper()
	s, err := splunkhec.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// eventText is what the envelope's "event" shall hold.
func eventText(t *testing.T, e *enrich.Event) []byte {
	t.Helper()
	text, err := eventjson.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSuite(t *testing.T) {
	for name, c := range map[string]struct {
		server  hectest.Config
		change  func(*splunkhec.Config)
		promise pipeline.Promise
	}{
		"gzip":          {promise: pipeline.Accepted},
		"plain":         {promise: pipeline.Accepted, change: func(c *splunkhec.Config) { c.Gzip = false }},
		"small batches": {promise: pipeline.Accepted, change: func(c *splunkhec.Config) { c.BatchBytes = 16 << 10; c.Requests = 4 }},
		"acknowledged":  {promise: pipeline.Indexed, server: hectest.Config{Ack: true}},
	} {
		t.Run(name, func(t *testing.T) {
			sinktest.TestSink(t, func(t *testing.T) sinktest.Peer {
				server, config := start(t, c.server)
				if c.change != nil {
					c.change(&config)
				}
				return sinktest.Peer{Sink: newSink(t, config), Got: &server.Events, Content: eventText, Promise: c.promise}
			})
		})
	}
}

func TestTLSWithPrivateAuthority(t *testing.T) {
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server, config := start(t, hectest.Config{TLS: tlsConfig})
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(1)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of an unknown authority: %v", err)
	}
	if config.CAFile, err = ca.WriteFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(3)); err != nil {
		t.Error(err)
	}
	if server.Events.Len() != 3 {
		t.Errorf("%d events arrived, want 3", server.Events.Len())
	}
}

// TestEnvelope shows the whole envelope of a tagged and of an untagged event.
func TestEnvelope(t *testing.T) {
	var out bytes.Buffer
	_, config := start(t, hectest.Config{Output: &out})
	config.Index = "azure"
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(2)); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "envelope.golden")
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("envelope differs from %s (see -update):\n%s", golden, out.Bytes())
	}
}

// TestRefusedEvents is about collectors that refuse k events of 1,000, with each way to number the bad event and to
// treat the events before it.
func TestRefusedEvents(t *testing.T) {
	few := []int{0, 1, 500, 999}
	many := []int{3, 50, 51, 52, 53, 120, 240, 241, 300, 400, 510, 511, 600, 601, 602, 700, 800, 900, 950, 998}
	for _, c := range []struct {
		name        string
		base        int // the number of the first event; negative: no number
		takesPrefix bool
		bad         []int
	}{
		{"from 0", 0, false, few},
		{"from 0, prefix taken", 0, true, few},
		{"from 1", 1, false, few},
		{"from 1, prefix taken", 1, true, few},
		{"no number", -1, false, few},
		{"no number, last", -1, false, []int{999}},
		{"from 1, many", 1, true, many},
		{"no number, many", -1, true, many},
	} {
		t.Run(c.name, func(t *testing.T) { testRefused(t, c.bad, c.base, c.takesPrefix) })
	}
}

func testRefused(t *testing.T, places []int, base int, takesPrefix bool) {
	var events []enrich.Event
	for i := range 1000 {
		events = append(events, sinktest.Event("e-"+strconv.Itoa(i), "AuditLogs", `[]`, "x"))
	}
	var bad []string
	for _, at := range places {
		bad = append(bad, events[at].ID)
	}
	server, config := start(t, hectest.Config{Answer: func(r hectest.Request) *hectest.Answer {
		at := slices.IndexFunc(r.IDs, func(id string) bool { return slices.Contains(bad, id) })
		if at < 0 {
			return nil
		}
		a := &hectest.Answer{Status: 400, Code: 6, Text: "Invalid data format"}
		if number := at + base; base >= 0 {
			a.Invalid = &number
		}
		if takesPrefix {
			a.Taken = at
		}
		return a
	}})
	config.BatchBytes, config.Gzip = maxBatchBytes, false
	receipt, err := newSink(t, config).Send(t.Context(), events)
	partial := new(pipeline.PartialError)
	if !errors.As(err, &partial) {
		t.Fatalf("got %v, want a partial error", err)
	}
	var rejected []string
	for _, r := range partial.Rejected {
		rejected = append(rejected, events[r.Index].ID)
		if !strings.Contains(r.Reason, "Invalid data format") {
			t.Errorf("reason %q lacks the collector's words", r.Reason)
		}
	}
	good := len(events) - len(bad)
	if !slices.Equal(rejected, bad) || receipt.Events != good || server.Events.Len() != good {
		t.Errorf("rejected %v, confirmed %d, %d arrived; want %v and %d", rejected, receipt.Events, server.Events.Len(), bad, good)
	}
	if most := 1 + len(bad)*(10+2); server.Requests() > most { // log2(1,000) is 10
		t.Errorf("%d requests, want at most %d", server.Requests(), most)
	}
}

// maxBatchBytes makes one request of all events.
const maxBatchBytes = 64 << 20

func TestTooLargeRequestsAreHalved(t *testing.T) {
	server, config := start(t, hectest.Config{MaxContent: 40 << 10})
	config.Requests = 1
	sink := newSink(t, config)
	for range 2 {
		if _, err := sink.Send(t.Context(), sinktest.Events(300)); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.Events.Len(); n != 300 {
		t.Errorf("%d events arrived, want 300", n)
	}
	if total := server.Events.Total(); total != 600 {
		t.Errorf("%d events arrived in all, want each twice", total)
	}
}

func TestTooLargeEventIsShortened(t *testing.T) {
	var out bytes.Buffer
	_, config := start(t, hectest.Config{MaxContent: 20 << 10, Output: &out})
	events := append(sinktest.Events(2), sinktest.Event("giant", "AuditLogs", `["small"]`, strings.Repeat("x", 100<<10)))
	receipt, err := newSink(t, config).Send(t.Context(), events)
	if err != nil || receipt.Events != 3 || !slices.Equal(receipt.Shortened, []int{2}) {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	if !strings.Contains(out.String(), "shortened by riskrelay: 102400 bytes, sha256 ") {
		t.Error("the shortened event doesn't say so")
	}
	many := sinktest.Event("many", "AuditLogs", `["small"]`, "short")
	many.Risk.Add("test", []enrich.Tag{{Rule: strings.Repeat("y", 100<<10), Severity: enrich.Low}})
	_, err = newSink(t, config).Send(t.Context(), []enrich.Event{many})
	if partial := new(pipeline.PartialError); !errors.As(err, &partial) {
		t.Errorf("an event that can't be shortened enough: %v, want it rejected", err)
	}
}

// TestNotDelivered is about answers that confirm nothing.
func TestNotDelivered(t *testing.T) {
	for _, c := range []struct {
		answer hectest.Answer
		want   string
		wait   time.Duration
	}{
		{hectest.Answer{Status: 200, Code: 8, Text: "Internal server error"}, "code 8", 0},
		{hectest.Answer{Status: 200, Body: "<html>login</html>"}, "proxy", 0},
		{hectest.Answer{Status: 200, Body: "{"}, "proxy", 0},
		{hectest.Answer{Status: 302, Location: "http://127.0.0.1:1/"}, "redirects are not followed", 0},
		{hectest.Answer{Status: 400, Code: 7, Text: "Incorrect index"}, "index", 30 * time.Second},
		{hectest.Answer{Status: 400, Code: 10, Text: "Data channel is missing"}, "set ack to true", 30 * time.Second},
		{hectest.Answer{Status: 400, Body: "<html>bad</html>"}, "without a HEC code", 0},
		{hectest.Answer{Status: 404, Code: 404, Text: "not found"}, "is url right", 0},
		{hectest.Answer{Status: 429, Code: 26, Text: "queue at capacity", RetryAfter: "7"}, "busy", 7 * time.Second},
		{hectest.Answer{Status: 503, Code: 9, Text: "Server is busy", RetryAfter: "120"}, "Server is busy", 2 * time.Minute},
		{hectest.Answer{Status: 503, Code: 9, Text: "Server is busy"}, "Server is busy", 0},
		{hectest.Answer{Status: 500, Body: "oops"}, "HTTP 500", 0},
		{hectest.Answer{Status: 401, Code: 3, Text: "Invalid authorization"}, "token_file", 30 * time.Second},
		{hectest.Answer{Status: 403, Code: 1, Text: "Token disabled"}, "token_file", 30 * time.Second},
		{hectest.Answer{Status: 400, Code: 14, Text: "ACK is disabled"}, "turn useACK on", 30 * time.Second},
		{hectest.Answer{Status: 403, Body: "<html>forbidden</html>"}, "something before the collector", 30 * time.Second},
		{hectest.Answer{Cut: true}, "EOF", 0},
		{hectest.Answer{Cut: true, Taken: 5}, "EOF", 0},
	} {
		t.Run(c.want, func(t *testing.T) {
			_, config := start(t, hectest.Config{Answer: func(hectest.Request) *hectest.Answer { return &c.answer }})
			receipt, err := newSink(t, config).Send(t.Context(), sinktest.Events(10))
			if err == nil || errors.As(err, new(*pipeline.PartialError)) {
				t.Fatalf("receipt %+v, error %v, want a failure of all", receipt, err)
			}
			if receipt.Events != 0 {
				t.Errorf("%d events confirmed", receipt.Events)
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), fakeToken) {
				t.Errorf("error %q, want %q in it and no token", err, c.want)
			}
			retry := new(pipeline.RetryAfter)
			if got := errors.As(err, &retry); got != (c.wait > 0) || got && retry.Wait != c.wait {
				t.Errorf("asks to wait %v, want %v", retry.Wait, c.wait)
			}
		})
	}
}

func TestNearlyFullQueuesCountAsDelivered(t *testing.T) {
	_, config := start(t, hectest.Config{Answer: func(r hectest.Request) *hectest.Answer {
		return &hectest.Answer{Status: 200, Code: 24, Text: "Queue nearing capacity", Taken: len(r.IDs)}
	}})
	receipt, err := newSink(t, config).Send(t.Context(), sinktest.Events(10))
	if err != nil || receipt.Events != 10 {
		t.Errorf("receipt %+v, %v", receipt, err)
	}
}

func TestRedirectDoesNotCarryTheToken(t *testing.T) {
	var asked bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer elsewhere.Close()
	_, config := start(t, hectest.Config{Answer: func(hectest.Request) *hectest.Answer {
		return &hectest.Answer{Status: 307, Location: elsewhere.URL}
	}})
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(1)); err == nil {
		t.Error("a redirect counted as delivered")
	}
	if asked {
		t.Error("the redirect was followed")
	}
}

func TestTokenIsRotatedWithoutRestart(t *testing.T) {
	server, config := start(t, hectest.Config{})
	sink := newSink(t, config)
	if _, err := sink.Send(t.Context(), sinktest.Events(1)); err != nil {
		t.Fatal(err)
	}
	// The new token has the old one's length and, as a coarse clock gives it, the old one's time.
	info, err := os.Stat(config.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	rotated := strings.Replace(fakeToken, "fake", "ekaf", 1)
	server.SetToken(rotated)
	if err := os.WriteFile(config.TokenFile, []byte(rotated+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(config.TokenFile, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, err := sink.Send(t.Context(), sinktest.Events(5)); err != nil {
		t.Error(err)
	}
	if n := server.Events.Len(); n != 5 {
		t.Errorf("%d events arrived, want 5", n)
	}
}

func TestTokenFileMustBePrivate(t *testing.T) {
	_, config := start(t, hectest.Config{})
	for mode, want := range map[os.FileMode]string{0o644: "run chmod 0600 ", 0o640: "run chmod 0600 ", 0o604: "run chmod 0600 ", 0o600: "", 0o400: ""} {
		config.TokenFile = writeFile(t, "token", fakeToken, mode)
		_, err := splunkhec.New(config)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("mode %04o: %v, want %q", mode, err, want)
		}
		if err != nil && strings.Contains(err.Error(), fakeToken) {
			t.Errorf("mode %04o: the token is in the error", mode)
		}
	}
	config.TokenFile = writeFile(t, "token", " \n", 0o600)
	if _, err := splunkhec.New(config); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty token file: %v", err)
	}
}

func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	}))
	defer server.Close()
	_, config := start(b, hectest.Config{})
	config.URL = server.URL
	sink, events := newSink(b, config), sinktest.Events(1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sink.Send(b.Context(), events); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(events))/b.Elapsed().Seconds(), "events/s")
}
