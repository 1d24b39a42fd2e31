package loganalytics

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// wire is the directory and the service without a network, so that time in tests is no real one. The replies to queries about
// AuditLogs come in pieces.
type wire struct {
	data  *table
	piece func(query int) (size int, every time.Duration) // 0 bytes for the whole at once

	mu      sync.Mutex
	queries int
	longest time.Duration // that a body took
}

// Do implements policy.Transporter.
func (x *wire) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		base := "https://" + r.Host + "/" + testTenant
		fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/oauth2/v2.0/authorize","issuer":"%s/v2.0"}`, base, base, base)
	case strings.HasSuffix(r.URL.Path, "/token"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":86400,"access_token":"obviously-fake"}`)
	default:
		return x.query(w, r)
	}
	return w.Result(), nil
}

func (x *wire) query(w *httptest.ResponseRecorder, r *http.Request) (*http.Response, error) {
	var body struct{ Query string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	x.data.answer(w, body.Query)
	reply := w.Result()
	if strings.HasPrefix(body.Query, "AuditLogs") && !strings.Contains(body.Query, "summarize") {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.queries++
		size, every := x.piece(x.queries)
		if size > 0 {
			reply.Body = &trickle{ReadCloser: reply.Body, ctx: r.Context(), size: size, every: every, begin: time.Now(), wire: x}
		}
	}
	return reply, nil
}

// trickle gives a few bytes of a body every now and then, until the request ends.
type trickle struct {
	io.ReadCloser
	ctx   context.Context //nolint:containedctx // of the request whose body it is
	size  int
	every time.Duration
	begin time.Time
	wire  *wire
}

// Read waits for the next piece.
func (b *trickle) Read(p []byte) (int, error) {
	select {
	case <-time.After(b.every):
		return b.ReadCloser.Read(p[:min(len(p), b.size)])
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

// Close notes how long the body took.
func (b *trickle) Close() error {
	b.wire.mu.Lock()
	defer b.wire.mu.Unlock()
	b.wire.longest = max(b.wire.longest, time.Since(b.begin))
	return b.ReadCloser.Close()
}

// dripping is a pipeline over two tables behind x, one of which drips.
func dripping(t *testing.T, x *wire) (*pipeline.Pipeline, map[string]*counting) {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, []byte(testSecret))
	c := Defaults()
	c.Workspace, c.Endpoint, c.Tables = testWorkspace, "https://service.example", []Table{{Name: "AuditLogs"}, {Name: "SigninLogs"}}
	c.Credential = Credential{Kind: "secret", TenantID: testTenant, ClientID: "client", SecretFile: secret, Authority: "https://directory.example"}
	conn, err := newConnection(c)
	if err != nil {
		t.Fatal(err)
	}
	conn.transport = x
	got := map[string]*counting{"AuditLogs": {got: map[string]int{}}, "SigninLogs": {got: map[string]int{}}}
	p := &pipeline.Pipeline{
		Enricher: enrich.NewEnricher(), Ledger: records{}, Log: quiet(), Once: true, Drain: time.Minute,
		Outlets: []pipeline.Outlet{{Name: "only", Sink: byTable(got), Concurrency: 1, Health: &pipeline.Health{}}},
	}
	for _, s := range streams(c, conn, quiet()) {
		s.Plan = minutes(1)
		s.Source.(*Source).found.Store(true)
		p.Streams = append(p.Streams, s)
	}
	return p, got
}

// TestADripHoldsUpNobodyElse has a reply that gives a byte every ten seconds, and then one that is whole.
func TestADripHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &wire{data: new(table), piece: func(query int) (int, time.Duration) {
			if query <= 2 {
				return 1, 10 * time.Second
			}
			return 0, 0
		}}
		x.data.fill(2000, 1)
		p, got := dripping(t, x)
		begin, other := time.Now(), time.Duration(0)
		got["SigninLogs"].told = func() { other = time.Since(begin) }
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, sink := range got {
			if len(sink.got) != 2000 {
				t.Errorf("%s: %d rows came", name, len(sink.got))
			}
		}
		if other > longestStall {
			t.Errorf("the other table was held up for %v", other)
		}
		if x.longest < longestStall || x.longest > 2*longestStall {
			t.Errorf("a drip was read for %v", x.longest)
		}
	})
}

// TestATrickleThatIsNeverQuiteStalled has replies that are always just fast enough: each is left after a while, for another one
// that begins where it ended, so that the window ends.
func TestATrickleThatIsNeverQuiteStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &wire{data: new(table), piece: func(int) (int, time.Duration) { return leastProgress / 8, longestStall / 10 }}
		x.data.fill(50_000, 1) // of about 170 bytes
		p, got := dripping(t, x)
		for run := 1; len(got["AuditLogs"].got) < 50_000; run++ {
			before := len(got["AuditLogs"].got)
			if err := p.Run(t.Context()); err == nil {
				break
			}
			if len(got["AuditLogs"].got) == before {
				t.Fatalf("run %d brought nothing: %d rows", run, before)
			}
		}
		if n := len(got["AuditLogs"].got); n != 50_000 {
			t.Errorf("%d rows came", n)
		}
		if x.longest > longestBody+longestStall {
			t.Errorf("one reply was read for %v", x.longest)
		}
		if x.queries < 2 {
			t.Errorf("%d query: the test shows nothing", x.queries)
		}
	})
}

// TestADripEndsWithTheProgram has the program asked to end in the middle of a drip.
func TestADripEndsWithTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &wire{data: new(table), piece: func(int) (int, time.Duration) { return 1, time.Second }}
		x.data.fill(2000, 1)
		p, _ := dripping(t, x)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Second, cancel)
		begin := time.Now()
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("it ended after %v, and was asked to after 30s", took)
		}
	})
}

// byTable counts what comes of each table.
type byTable map[string]*counting

// Send implements pipeline.Sink.
func (s byTable) Send(ctx context.Context, events []enrich.Event) (r pipeline.Receipt, err error) {
	for i := range events {
		if r, err = s[events[i].Table].Send(ctx, events[i:i+1]); err != nil {
			return r, err
		}
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

// Close implements pipeline.Sink.
func (s byTable) Close() error { return nil }

// records is a ledger in memory.
type records map[string]*record

// Open implements pipeline.Ledger.
func (r records) Open(stream string) (pipeline.Record, error) {
	if r[stream] == nil {
		r[stream] = &record{state: &pipeline.State{}}
	}
	return r[stream], nil
}
