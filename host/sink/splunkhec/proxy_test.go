package splunkhec_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestProxy checks that events go through the proxy that is named and not through that of the environment, encrypted to the
// collector.
func TestProxy(t *testing.T) {
	const auth = "relay:fake-password"
	proxy := endpointtest.NewProxy()
	t.Cleanup(proxy.Stop) // after the sink is closed
	proxy.Auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(auth))
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server, config := start(t, hectest.Config{TLS: tlsConfig})
	if config.CAFile, err = ca.WriteFile(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	config.Proxy, config.ProxyAuthFile = proxy.URL, writeFile(t, "auth", auth, 0o600)
	if _, err := newSink(t, config).Send(t.Context(), sinktest.Events(20)); err != nil {
		t.Fatal(err)
	}
	if server.Events.Len() != 20 || len(proxy.Asked()) == 0 || "https://"+proxy.Asked()[0] != server.URL {
		t.Errorf("%d events arrived, the proxy was asked for %q", server.Events.Len(), proxy.Asked())
	}
	if r := splunkhec.Check(t.Context(), config, nil); !strings.Contains(lines(r), "lets through") {
		t.Errorf("check: %s", lines(r))
	}
	config.ProxyAuthFile = writeFile(t, "wrong", "relay:fake-other", 0o600)
	_, err = newSink(t, config).Send(t.Context(), sinktest.Events(1))
	if err == nil || !strings.Contains(err.Error(), "proxy_auth_file") || strings.Contains(err.Error(), "fake-") {
		t.Errorf("a wrong password: %v", err)
	}
	if r := splunkhec.Check(t.Context(), config, nil); !strings.Contains(lines(r), "proxy_auth_file") {
		t.Errorf("check with a wrong password: %s", lines(r))
	}
}
