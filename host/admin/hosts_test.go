package admin

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHosts asks servers that listen in different ways by different names.
func TestHosts(t *testing.T) {
	tests := []struct {
		listen, local string   // metrics.listen, and the end of the connection that is here
		hosts         []string // metrics.hosts
		taken         []string
		refused       []string
	}{
		{
			listen: "127.0.0.1:9464", local: "127.0.0.1",
			taken:   []string{"127.0.0.1:9464", "127.0.0.1", "localhost:9464", "LocalHost.", "[::1]:9464", "localhost:80"},
			refused: []string{"", "attacker.example:9464", "10.0.0.5", "localhost.attacker.example", "127.0.0.1.attacker.example", "riskrelay"},
		},
		{
			listen: "[::1]:9464", local: "::1",
			taken:   []string{"[::1]:9464", "[::1]", "localhost:9464", "127.0.0.1:9464"},
			refused: []string{"attacker.example", "[2001:db8::1]:9464"},
		},
		{
			listen: ":9464", local: "10.0.0.5", hosts: []string{"Metrics.example.com", "10.0.0.99", "2001:db8:0::1"},
			taken:   []string{"10.0.0.5:9464", "[::ffff:10.0.0.5]:9464", "metrics.example.com:9464", "metrics.example.com.", "10.0.0.99", "[2001:db8::1]:9464"},
			refused: []string{"", "localhost:9464", "127.0.0.1", "10.0.0.6", "example.com", "x.metrics.example.com"},
		},
		{
			listen: "metrics.example.com:9464", local: "fe80::1%eth0",
			taken:   []string{"metrics.example.com:9464", "[fe80::1]:9464", "[fe80::1%25eth0]:9464"},
			refused: []string{"attacker.example", "localhost"},
		},
	}
	pages := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "a page\n") })
	for _, test := range tests {
		t.Run(test.listen, func(t *testing.T) {
			local, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(test.local, "9464"))
			if err != nil {
				t.Fatal(err)
			}
			handler := addressed(append([]string{hostOf(test.listen)}, test.hosts...), pages)
			ask := func(host string) (status int, text string) {
				request := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(local)), http.MethodGet, "/metrics", http.NoBody)
				request.Host = host
				reply := httptest.NewRecorder()
				handler.ServeHTTP(reply, request)
				return reply.Code, reply.Body.String()
			}
			for _, host := range test.taken {
				if status, text := ask(host); status != http.StatusOK {
					t.Errorf("%q: %d %s", host, status, text)
				}
			}
			for _, host := range test.refused {
				if status, text := ask(host); status != http.StatusMisdirectedRequest || !strings.Contains(text, "metrics.hosts") {
					t.Errorf("%q: %d %s", host, status, text)
				}
			}
		})
	}
}

// TestRebinding asks over the wire in the name of another site, as a browser does whose user is on that site.
func TestRebinding(t *testing.T) {
	server, err := Listen(t.Context(), "127.0.0.1:0", []string{"metrics.example.com"}, Build{}, busy)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for host, want := range map[string]int{"attacker.example": http.StatusMisdirectedRequest, "metrics.example.com": http.StatusOK} {
		for _, page := range []string{"/metrics", "/healthz", "/readyz"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.Address()+page, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			reply, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if reply.Body.Close(); reply.StatusCode != want {
				t.Errorf("%s of %s: %s", page, host, reply.Status)
			}
		}
	}
}
