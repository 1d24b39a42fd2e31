package endpoint_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
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

func TestSecretFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	const secret, next = "fake-secret-one", "fake-secret-two!"
	if err := os.WriteFile(path, []byte(" "+secret+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := endpoint.NewSecretFile(path)
	if got, err := f.Get(); err != nil || got != secret {
		t.Errorf("got %q, %v", got, err)
	}
	if changed, err := f.Reread(secret); changed || err != nil {
		t.Errorf("an unchanged secret: %v, %v", changed, err)
	}
	if err := os.WriteFile(path, []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Get(); err != nil || got != next {
		t.Errorf("after a change: %q, %v", got, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(); err == nil || !strings.Contains(err.Error(), "chmod 600") || strings.Contains(err.Error(), "fake") {
		t.Errorf("readable by the group: %v", err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Dir(path))
	if _, err := f.Get(); err != nil {
		t.Errorf("a credential that systemd handed over: %v", err)
	}
	for name, want := range map[string]string{"absent": "no such file", ".": "not a regular file"} {
		if _, err := endpoint.NewSecretFile(filepath.Join(filepath.Dir(path), name)).Get(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
