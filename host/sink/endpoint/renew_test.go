package endpoint

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
)

// TestConnectionsAreRenewed checks that no connection is used for longer than its time.
func TestConnectionsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRenewing(TLS{}, Proxy{})
		first := r.transport()
		time.Sleep(ConnectionAge - time.Second)
		if r.transport() != first {
			t.Error("renewed too early")
		}
		time.Sleep(time.Second)
		if r.transport() == first {
			t.Error("not renewed")
		}
	})
}

// TestNamesAreLookedUpAgain is about a receiver that moves while its old address still answers.
func TestNamesAreLookedUpAgain(t *testing.T) {
	names, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return names.Dial(ctx, network, names.Addr)
	}}
	port := "0"
	for _, ip := range []string{"127.0.0.2", "127.0.0.3"} {
		listener, err := net.Listen("tcp", net.JoinHostPort(ip, port))
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ = net.SplitHostPort(listener.Addr().String())
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, ip) }))
		server.Listener.Close()
		server.Listener = listener
		server.Start()
		defer server.Close()
	}
	client := HTTPClient(TLS{}, Proxy{})
	defer client.CloseIdleConnections()
	ask := func() string {
		response, err := client.Get("http://splunk.example.com:" + port)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		from, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(from)
	}
	names.Set("splunk.example.com.", dnstest.Address("127.0.0.2"))
	if from := ask(); from != "127.0.0.2" {
		t.Errorf("the first answer comes from %s", from)
	}
	names.Set("splunk.example.com.", dnstest.Address("127.0.0.3"))
	transport, _ := client.Transport.(*renewing)
	transport.made = transport.made.Add(-ConnectionAge)
	if from := ask(); from != "127.0.0.3" {
		t.Errorf("after the connection's time %s answers, which the name doesn't lead to any more", from)
	}
}
