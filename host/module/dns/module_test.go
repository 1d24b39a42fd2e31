package dns

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

// book writes down what it is told.
type book struct {
	mu   sync.Mutex
	kept []Question
	said chan string
}

func (b *book) Keep(_ context.Context, questions []Question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, questions...)
}

func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.kept)
}

func settings(text string) enrich.Config { return enrich.Config{Settings: []byte(text)} }

func configured(t *testing.T, dial Dial, text string) (*Module, *book) {
	t.Helper()
	m, b := New(dial), &book{said: make(chan string, 100)}
	m.Tell(b, func(host string, v Verdict) { b.said <- host + " " + string(v) })
	if err := m.Configure(t.Context(), settings(text)); err != nil {
		t.Fatal(err)
	}
	return m, b
}

func tag(t *testing.T, m *Module, events ...enrich.Event) {
	t.Helper()
	lists, err := m.Tag(t.Context(), events)
	if err != nil || len(lists) != len(events) {
		t.Fatalf("%d lists for %d events, %v", len(lists), len(events), err)
	}
	for _, l := range lists {
		if len(l) > 0 {
			t.Errorf("tags %v", l)
		}
	}
}

// nobody is a Dial that counts and fails.
func nobody(calls *atomic.Int64) Dial {
	return func(context.Context, string, string) (net.Conn, error) {
		calls.Add(1)
		return nil, net.ErrClosed
	}
}

// TestTagAsksNobody checks that Tag makes no call to the network, whatever the events hold.
func TestTagAsksNobody(t *testing.T) {
	var calls atomic.Int64
	m, b := configured(t, nobody(&calls), `resolver: "192.0.2.53:53"`)
	for i := range 500 {
		tag(t, m, update(t, fmt.Sprint(i), nil, []string{fmt.Sprintf("https://h%d.example.com/", i)}), event(t, `{"Type":"AuditLogs"}`))
	}
	if calls.Load() != 0 || b.count() != 500 || m.Figures().Queued != 500 {
		t.Errorf("%d calls, %d kept, %+v", calls.Load(), b.count(), m.Figures())
	}
}

// TestOff checks that nothing is kept or queued without a resolver.
func TestOff(t *testing.T) {
	m, b := configured(t, nil, "")
	tag(t, m, update(t, "1", nil, []string{"https://gone.example.com/"}))
	if b.count() != 0 || m.Figures().Queued != 0 || !m.Ask("gone.example.com") {
		t.Errorf("%d kept, %+v", b.count(), m.Figures())
	}
}

// TestAnswers goes with an event from the queue to the verdict, and checks what is kept before and after.
func TestAnswers(t *testing.T) {
	s := startServer(t)
	s.Set("here.example.com", dnstest.Address("192.0.2.1"))
	m, b := configured(t, s.Dial, fmt.Sprintf("{resolver: %q, skip: [corp.example.com]}", s.Addr))
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { m.Run(ctx) })
	defer run.Wait()
	defer cancel()

	e := update(t, "1", nil, []string{"https://Gone.example.com/cb", "https://here.example.com", "https://192.0.2.7/", "https://x.corp.example.com"})
	tag(t, m, e)
	if b.count() != 1 || strings.Join(b.kept[0].Hosts, " ") != "gone.example.com here.example.com" || m.Figures().Refused != 2 {
		t.Fatalf("kept %+v, %+v", b.kept, m.Figures())
	}
	got := map[string]bool{<-b.said: true, <-b.said: true}
	if !got["gone.example.com nxdomain"] || !got["here.example.com resolves"] {
		t.Errorf("told of %v", got)
	}
	if v := m.Verdict("GONE.example.com."); v != NXDomain {
		t.Errorf("%s", v)
	}
	tag(t, m, e) // fresh: a module before this one may not have had the verdict
	if b.count() != 2 {
		t.Errorf("%d kept", b.count())
	}
	if f := m.Figures(); f.Lookups[NXDomain] != 1 || f.Lookups[Resolves] != 1 || f.Cached != 2 {
		t.Errorf("%+v", f)
	}
}

// TestPace checks, on a fake clock, that a tarpit gets five questions a second at most, that a host is given up after two
// seconds, and that events are tagged meanwhile without waiting.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		tarpit := func(context.Context, string, string) (net.Conn, error) {
			calls.Add(1)
			client, server := net.Pipe()
			go func() {
				_, _ = io.Copy(io.Discard, server) // reads the question and never answers
				server.Close()
			}()
			return client, nil
		}
		m, b := configured(t, tarpit, `resolver: "192.0.2.53:53"`)
		b.said = make(chan string, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { m.Run(ctx) })
		begin := time.Now()
		for i := range 100 {
			tag(t, m, update(t, fmt.Sprint(i), nil, []string{fmt.Sprintf("https://h%d.example.com/", i)}))
		}
		if time.Since(begin) != 0 {
			t.Errorf("tagging took %v", time.Since(begin))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := calls.Load(); n == 0 || n > 10*questionsPerSecond+questionsPerSecond {
			t.Errorf("%d questions in 10 s", n)
		}
		if said := <-b.said; !strings.HasSuffix(said, " unknown") {
			t.Errorf("a tarpit says %s", said)
		}
		if m.Ask("h0.example.com"); m.Figures().Lookups[Unknown] == 0 {
			t.Errorf("%+v", m.Figures())
		}
		cancel()
		run.Wait()
	})
}

// TestAMillionNames checks that names without end take bounded room.
func TestAMillionNames(t *testing.T) {
	var calls atomic.Int64
	m, _ := configured(t, nobody(&calls), `resolver: "192.0.2.53:53"`)
	for i := range 1_000_000 {
		name := fmt.Sprintf("h%d.example.com", i)
		m.queue.add(name)
		m.cache.put(name, NXDomain, time.Hour)
		if i%100_000 == 0 {
			if f := m.Figures(); f.Queued > maxQueued || f.Cached > maxCached {
				t.Fatalf("%+v", f)
			}
		}
	}
	if f := m.Figures(); f.Queued != maxQueued || f.Cached != maxCached || len(m.queue.waiting) != maxQueued {
		t.Errorf("%+v, %d waiting", f, len(m.queue.waiting))
	}
	if m.Ask("another.example.com") || !m.Ask("h999999.example.com") {
		t.Error("a full queue has room for names that were asked for before, or none for one that waits")
	}
	if name, ok := m.queue.take(); !ok || name != fmt.Sprintf("h%d.example.com", 1_000_000-maxQueued) {
		t.Errorf("the queue begins with %s", name)
	}
}

// TestManyNamesInOneEvent checks that only some hosts of one event are looked up.
func TestManyNamesInOneEvent(t *testing.T) {
	var calls atomic.Int64
	m, b := configured(t, nobody(&calls), `resolver: "192.0.2.53:53"`)
	var uris []string
	for i := range 50 {
		uris = append(uris, fmt.Sprintf("https://h%d.example.com/", i))
	}
	tag(t, m, update(t, "1", nil, uris))
	if f := m.Figures(); f.Queued != maxNames || f.Surplus != 45 || len(b.kept[0].Hosts) != maxNames {
		t.Errorf("%+v", f)
	}
}

// TestVerdictsEnd checks that a verdict is forgotten when its time is over, and the host asked for again.
func TestVerdictsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		m, b := configured(t, nobody(&calls), `resolver: "192.0.2.53:53"`)
		e := update(t, "1", nil, []string{"https://gone.example.com/"})
		m.cache.put("gone.example.com", NXDomain, time.Hour)
		time.Sleep(2 * time.Minute)
		if tag(t, m, e); b.count() != 0 {
			t.Error("kept though the verdict was there for the rules")
		}
		time.Sleep(time.Hour)
		if tag(t, m, e); b.count() != 1 || m.Figures().Queued != 1 || m.Verdict("gone.example.com") != Unknown {
			t.Errorf("%d kept, %+v", b.count(), m.Figures())
		}
	})
}

func TestConfigure(t *testing.T) {
	m := New(nil)
	for _, bad := range []string{
		"resolve: 192.0.2.53:53", "resolver: dns.example.com:53", "resolver: 192.0.2.53", "{resolver: '192.0.2.53:53', transport: tcp}",
		"{resolver: '192.0.2.53:853', ca_file: x}", "{resolver: '192.0.2.53:853', transport: tls, ca_file: absent.pem}", "{skip: ['.']}", "[",
	} {
		if err := m.Configure(t.Context(), settings(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	for _, good := range []string{"", "{}", "{resolver: '[2001:db8::53]:853', transport: tls, server_name: dns.example.com}"} {
		if err := m.Configure(t.Context(), settings(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
