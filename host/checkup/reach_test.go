package checkup_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/host/checkup"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a report as text.
func lines(r *checkup.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
	}
	return b.String()
}

// peer answers each connection with what serve does, until the test ends.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			serve(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// TestProxy holds what is said of a proxy on the way; the target is never resolved here, the proxy does that.
func TestProxy(t *testing.T) {
	for name, test := range map[string]struct {
		answer, want string
		ok           bool
	}{
		"lets through":     {"HTTP/1.1 200 Connection established\r\n\r\n", "ok proxy: ", true},
		"wants a password": {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "wants a password -> give user and password in HTTPS_PROXY", false},
		"forbids":          {"HTTP/1.1 403 Forbidden\r\n\r\n", "answered 403 Forbidden -> have the proxy let api.example.com:443 through", false},
		"isn't one":        {"220 smtp.example.com ESMTP\r\n", "problem proxy: ask the proxy", false},
	} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan *http.Request, 1)
			address := peer(t, func(conn net.Conn) {
				request, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				asked <- request
				_, _ = io.WriteString(conn, test.answer) // the client's side is what is tested
			})
			r := new(checkup.Report)
			ok := checkup.Reach(t.Context(), r, checkup.Target{
				Address: "api.example.com:443", Key: "endpoint", Proxy: &url.URL{Scheme: "http", Host: address, User: url.UserPassword("ann", "fake-password")},
			})
			if text := lines(r); ok != test.ok || r.Failed() == test.ok || !strings.Contains(text, test.want) || strings.Contains(text, "fake-password") {
				t.Errorf("%v\n%s", ok, text)
			}
			if request := <-asked; request.Method != http.MethodConnect || request.Host != "api.example.com:443" || !strings.HasPrefix(request.Header.Get("Proxy-Authorization"), "Basic ") {
				t.Errorf("asked %s %s", request.Method, request.Host)
			}
		})
	}
}

// TestUnreachable holds what is said of receivers that don't get as far as a certificate.
func TestUnreachable(t *testing.T) {
	greets := peer(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "220 smtp.example.com ESMTP\r\n") })
	old := peer(t, func(conn net.Conn) {
		_ = tls.Server(conn, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}).Handshake()
	})
	for name, test := range map[string]struct{ address, want string }{
		"no address":   {"splunk", "problem dns: splunk is no address"},
		"no such name": {"nobody.invalid:443", "problem dns: look up nobody.invalid"},
		"refused":      {"127.0.0.1:1", "nothing listens there: is the port in url right, and the receiver running? Idle."},
		"other words":  {greets, "problem tls: the receiver doesn't speak TLS on this port -> use the port for TLS in url"},
		"old TLS":      {old, "problem tls: the receiver ended TLS: tls: protocol version not supported -> the receiver speaks only versions of TLS before 1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			r := new(checkup.Report)
			ok := checkup.Reach(t.Context(), r, checkup.Target{Address: test.address, TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Key: "url", Idle: " Idle."})
			if text := lines(r); ok || !r.Failed() || !strings.Contains(text, test.want) {
				t.Errorf("want %q\n%s", test.want, text)
			}
		})
	}
}

// TestEvent holds that a test event is recognizable, and that no two are the same.
func TestEvent(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	one, err := checkup.Event(now, `relay"01`)
	if err != nil {
		t.Fatal(err)
	}
	two, err := checkup.Event(now, "relay01")
	if err != nil {
		t.Fatal(err)
	}
	if one.ID == two.ID || !strings.HasPrefix(one.ID, "check-") || one.Table != checkup.Table || !one.Time.Equal(now) {
		t.Errorf("%s %s %s %v", one.ID, two.ID, one.Table, one.Time)
	}
	if got := string(one.Lookup("Host")); got != `"relay\"01"` {
		t.Errorf("host %s", got)
	}
}
