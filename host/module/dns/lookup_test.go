package dns

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

func startServer(t *testing.T) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// resolverFor asks s without a limit.
func resolverFor(t *testing.T, s *dnstest.Server) *resolver {
	t.Helper()
	r, err := newResolver(Config{Resolver: s.Addr, Transport: UDP}, s.Dial, rate.NewLimiter(rate.Inf, 1))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLookup asks for names that answer in all ways, and checks that nobody but the resolver was dialed.
func TestLookup(t *testing.T) {
	long := make([]string, maxAliases+2)
	for i := range long {
		long[i] = fmt.Sprintf("a%d.example.net", i)
	}
	const here = "192.0.2.1"
	cases := []struct {
		name      string
		answer    dnstest.Answer
		want      Verdict
		questions int
	}{
		{"here.example.com", dnstest.Address(here), Resolves, 1},
		{"six.example.com", dnstest.Address("2001:db8::1"), Resolves, 2},
		{"gone.example.com", dnstest.NXDomain(), NXDomain, 1},
		{"rumor.example.com", dnstest.NXDomainFromNobody(), Unknown, 1},
		{"blocked.example.com", dnstest.Blocked(), Unknown, 1},
		{"empty.example.com", dnstest.NoData(), NoData, 2},
		{"broken.example.com", dnstest.Fail(dnstest.ServFail), Unknown, 1},
		{"closed.example.com", dnstest.Fail(dnstest.Refused), Unknown, 1},
		{"alias.example.com", dnstest.Alias(here, "b.example.net", "c.example.net"), Resolves, 1},
		{"dangling.example.com", dnstest.Alias("", "b.example.net", "orders.azurewebsites.net"), NXDomain, 1},
		{"half.example.com", dnstest.AliasOnly("gone.example.net"), NXDomain, 2},
		{"halfhere.example.com", dnstest.AliasOnly("here.example.com"), Resolves, 2},
		{"inside.example.com", dnstest.AliasOnly("intranet"), Unknown, 1},
		{"loop.example.com", dnstest.AliasOnly("b.example.net", "loop.example.com"), Unknown, 1},
		{"ping.example.com", dnstest.AliasOnly("pong.example.com"), Unknown, 2},
		{"pong.example.com", dnstest.AliasOnly("ping.example.com"), Unknown, 2},
		{"bomb.example.com", dnstest.AliasOnly(long...), Unknown, 1},
		{"large.example.com", dnstest.Truncated(dnstest.Address(here)), Resolves, 2},
		{"flood.example.com", dnstest.Flood(10_000), Unknown, 2},
		{"wrongid.example.com", dnstest.After(dnstest.WrongID(dnstest.NXDomain()), dnstest.Address(here)), Resolves, 1},
		{"spoofed.example.com", dnstest.After(dnstest.Spoofed("x.example.com", dnstest.NXDomain()), dnstest.Address(here)), Resolves, 1},
		{"garbage.example.com", dnstest.After(dnstest.Garbage(), dnstest.Address(here)), Resolves, 1},
	}
	s := startServer(t)
	for _, c := range cases {
		s.Set(c.name, c.answer)
	}
	r := resolverFor(t, s)
	for _, c := range cases {
		before := len(s.Asked())
		if got := r.lookup(t.Context(), c.name); got.verdict != c.want || got.life < shortestLife || got.life > longestLife {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
		if n := len(s.Asked()) - before; n != c.questions {
			t.Errorf("%s: %d questions, want %d: %v", c.name, n, c.questions, s.Asked()[before:])
		}
	}
	for _, asked := range s.Asked() {
		if !strings.HasSuffix(asked, ".") || !strings.Contains(asked, " A ") && !strings.Contains(asked, " AAAA ") {
			t.Errorf("asked %q", asked)
		}
	}
	if others := slices.DeleteFunc(s.Dials(), func(address string) bool { return address == s.Addr }); len(others) > 0 {
		t.Errorf("dialed %v", others)
	}
}

// TestStrangers checks that a resolver which sends nothing but other packets ends the asking.
func TestStrangers(t *testing.T) {
	s := startServer(t)
	strange := dnstest.WrongID(dnstest.Address("192.0.2.1"))
	for range 5 {
		strange = dnstest.After(strange, strange)
	}
	s.Set("noise.example.com", strange)
	if got := resolverFor(t, s).lookup(t.Context(), "noise.example.com"); got.verdict != Unknown {
		t.Errorf("%+v", got)
	}
}

// TestNobody checks that a resolver which can't be reached, and a cancelled context, say nothing about a host.
func TestNobody(t *testing.T) {
	s := startServer(t)
	s.Set("slow.example.com", dnstest.Tarpit())
	r := resolverFor(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_ = s.Wait(ctx, 1) // asked: it waits for the answer now
		cancel()
	}()
	if got := r.lookup(ctx, "slow.example.com"); got.verdict != Unknown {
		t.Errorf("%+v from a tarpit", got)
	}
	r.dial = func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	if got := r.lookup(t.Context(), "here.example.com"); got.verdict != Unknown {
		t.Errorf("%+v from nobody", got)
	}
}

func TestCheckName(t *testing.T) {
	label := strings.Repeat("a", 60) + "."
	for host, want := range map[string]string{
		"Orders.Example.com.":            "orders.example.com",
		"bücher.example.com":             "xn--bcher-kva.example.com",
		"orders.azurewebsites.net":       "orders.azurewebsites.net",
		"azurewebsites.net":              "azurewebsites.net", // a suffix that is a host, too
		"192.0.2.1":                      "",
		"[2001:db8::1]":                  "",
		"2001:db8::1":                    "",
		"127.1":                          "",
		"localhost":                      "",
		"intranet":                       "",
		"orders.corp.internal":           "",
		"contoso.local":                  "",
		"com":                            "",
		"":                               "",
		".":                              "",
		"..":                             "",
		"a..example.com":                 "",
		"*.example.com":                  "",
		"under_score.example.com":        "",
		"-a.example.com":                 "",
		"a b.example.com":                "",
		"a\x00.example.com":              "",
		"xn--a.example.com":              "",
		strings.Repeat(label, 5) + "com": "",
		strings.Repeat("a", 64) + ".com": "",
		strings.Repeat("a.", 5000):       "",
	} {
		got, err := CheckName(host)
		if (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%.80q: %q, %v; want %q", host, got, err, want)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add("orders.example.com")
	f.Add("xn--bcher-kva.example.com.")
	f.Add("0\xdc.AC")
	f.Fuzz(func(t *testing.T, host string) {
		name, err := CheckName(host)
		if err != nil {
			return
		}
		if again, err := CheckName(name); err != nil || again != name || len(name) > maxName {
			t.Errorf("%q became %q, and that %q, %v", host, name, again, err)
		}
	})
}

func TestLives(t *testing.T) {
	for seconds, want := range map[uint32]time.Duration{0: shortestLife, 1200: 20 * time.Minute, 1 << 31: longestLife} {
		if got := clamp(seconds); got != want {
			t.Errorf("%d s: %v, want %v", seconds, got, want)
		}
	}
}

// TestTLS asks over TLS, and checks that a resolver which can't prove its name is told nothing.
func TestTLS(t *testing.T) {
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	defer web.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := dnstest.StartTLS(&tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		name, ca string
		want     Verdict
	}{{"", ca, NXDomain}, {"example.com", ca, NXDomain}, {"other.example.net", ca, Unknown}, {"", "", Unknown}} {
		r, err := newResolver(Config{Resolver: s.Addr, Transport: TLS, ServerName: c.name, CAFile: c.ca}, s.Dial, rate.NewLimiter(rate.Inf, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.lookup(t.Context(), "gone.example.com"); got.verdict != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	if len(s.Asked()) != 2 {
		t.Errorf("asked %v", s.Asked())
	}
}
