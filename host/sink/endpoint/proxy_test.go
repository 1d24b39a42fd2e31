package endpoint_test

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
)

func TestProxyValidate(t *testing.T) {
	for url, want := range map[string]string{
		"": "", "http://proxy.example.com:3128": "", "http://10.0.0.1:3128/": "",
		"https://proxy.example.com:3128": "", "proxy.example.com:3128": "is not like", "socks5://proxy.example.com:1080": "is not like", "http://proxy.example.com": "is not like",
		"http://user:fake-secret@proxy.example.com:3128": "put them into proxy_auth_file", "http://h:x:y": "not a URL",
		"user:fake-secret@proxy.example.com:3128": "put them into proxy_auth_file", "//fake-secret@h:1": "put them into proxy_auth_file",
	} {
		err := endpoint.Proxy{URL: url}.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "fake-secret") {
			t.Errorf("%s: the password is in the error", url)
		}
	}
	if err := (endpoint.Proxy{AuthFile: "x"}).Validate(); err == nil {
		t.Error("a password without a proxy is taken")
	}
}

func TestProxyRefuses(t *testing.T) {
	auth := filepath.Join(t.TempDir(), "auth")
	if err := os.WriteFile(auth, []byte("relay:fake-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want, address string
		auth                string
		answer              int
	}{
		{"password", "check proxy_auth_file", "splunk.example.com:8088", "Basic another", 0},
		{"forbidden", "HTTP 403", "splunk.example.com:8088", "", 403},
		{"gateway", "HTTP 502", "splunk.example.com:8088", "", 502},
		{"metadata service", "refused", "169.254.169.254:80", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := endpointtest.NewProxy()
			defer server.Stop()
			server.Auth, server.Answer = c.auth, c.answer
			_, err := endpoint.Proxy{URL: server.URL, AuthFile: auth}.Dial(t.Context(), "tcp", c.address)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "fake-secret") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestProxyCutsOff is about a proxy that hangs up instead of answering.
func TestProxyCutsOff(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
		}
	}()
	if _, err := (endpoint.Proxy{URL: "http://" + listener.Addr().String()}).Dial(t.Context(), "tcp", "h:1"); err == nil {
		t.Error("a proxy that hung up is taken for a tunnel")
	}
}

// TestProxySpeaksTLS is about a proxy that is reached over TLS: its certificate is checked before it sees the password.
func TestProxySpeaksTLS(t *testing.T) {
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	config, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	file, err := ca.WriteFile(directory)
	if err != nil {
		t.Fatal(err)
	}
	auth := filepath.Join(directory, "auth")
	if err := os.WriteFile(auth, []byte("relay:fake-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer receiver.Close()
	proxy := endpointtest.NewTLSProxy(config)
	defer proxy.Stop()
	proxy.Auth = "Basic " + base64.StdEncoding.EncodeToString([]byte("relay:fake-secret"))

	p := endpoint.Proxy{URL: proxy.URL, AuthFile: auth}
	if _, err := p.Dial(t.Context(), "tcp", "h:1"); err == nil || !strings.Contains(err.Error(), "unknown authority") || len(proxy.Asked()) > 0 {
		t.Errorf("a proxy that isn't known: %v, it was asked for %q", err, proxy.Asked())
	}
	p.CAFile = file
	client := endpoint.HTTPClient(endpoint.TLS{}, p)
	defer client.CloseIdleConnections()
	response, err := client.Get(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusTeapot || len(proxy.Asked()) != 1 {
		t.Errorf("HTTP %d, the proxy was asked for %q", response.StatusCode, proxy.Asked())
	}
}
