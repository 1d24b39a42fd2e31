package endpoint_test

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAllowed(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8088": true, "10.0.0.1:514": true, "203.0.113.7:6514": true, "[2001:db8::1]:443": true, "[::1]:1": true,
		"169.254.169.254:80": false, "[::ffff:169.254.169.254]:80": false, "[fe80::1]:80": false, "[fd00:ec2::254]:80": false,
		"224.0.0.1:514": false, "0.0.0.0:80": false, "[::]:80": false, "nonsense": false,
	} {
		if err := endpoint.Allowed(address); (err == nil) != want {
			t.Errorf("%s: %v, want it allowed: %v", address, err, want)
		}
	}
}

func TestDialRefusesMetadataService(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		if _, err := endpoint.Dial(t.Context(), network, "169.254.169.254:80"); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v", network, err)
		}
	}
}

func TestHandshakeReadsRenewedFiles(t *testing.T) {
	directory := t.TempDir()
	var config endpoint.TLS
	for round := range 2 { // a new authority each time, at the same path
		ca, err := endpointtest.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		if config.CAFile, err = ca.WriteFile(directory); err != nil {
			t.Fatal(err)
		}
		if err := shake(t, ca, config); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

// shake makes one handshake with a server that has a certificate of ca.
func shake(t *testing.T, ca *endpointtest.CA, config endpoint.TLS) error {
	t.Helper()
	serverConfig, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = tls.Server(conn, serverConfig).Handshake() // the client's side is what is tested
	}()
	defer func() { <-served }()
	address := listener.Addr().String()
	conn, err := endpoint.Dial(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	secured, err := endpoint.Handshake(t.Context(), conn, address, config)
	if err == nil {
		err = secured.Close()
	}
	return err
}
