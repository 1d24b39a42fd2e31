// Package endpoint is how sinks reach their receivers: connections that notice a dead peer, certificates that are read
// from files again when they change, and addresses that are never dialed.
package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/host/secret"
)

// TLS says how to know the receiver and how to be known to it. The files are read at each dial, so that they can be
// renewed without a restart.
type TLS struct {
	CAFile     string // PEM; "" trusts the system's authorities
	CertFile   string // PEM client certificate; "" for none
	KeyFile    string // PEM key of the client certificate
	ServerName string // the name in the receiver's certificate; "" for the host that is dialed
	// Seen is told which certificates are in use; nil for nobody.
	Seen *Certificates
	// Secrets reads and remembers the key; nil only reads it.
	Secrets *secret.Keeper

	alsoSystem bool // CAFile adds to the system's authorities
}

// Config reads the files and returns the configuration of a client, TLS 1.2 or later, that verifies the receiver.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := inputfile.Read(t.CAFile, inputfile.MaxConfig)
		if err != nil {
			return nil, fmt.Errorf("read certificate authorities: %w", err)
		}
		config.RootCAs = t.roots()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authorities: %s holds no certificate in PEM form", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := t.pair()
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
		t.Seen.note(Client, pair.Leaf)
	}
	return config, nil
}

// pair is the client's certificate with its key, which only its owner may be able to read.
func (t TLS) pair() (tls.Certificate, error) {
	certificate, err := inputfile.Read(t.CertFile, inputfile.MaxConfig)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := t.Secrets.ReadKey("key_file", t.KeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}

// roots are the authorities that CAFile adds to.
func (t TLS) roots() *x509.CertPool {
	if t.alsoSystem {
		if system, err := x509.SystemCertPool(); err == nil {
			return system
		}
	}
	return x509.NewCertPool()
}

// dialTimeout bounds a dial and, again, the TLS handshake behind it.
const dialTimeout = 10 * time.Second

// Dial connects to a TCP or UDP address. The connection probes an idle peer and gives up on one that has
// acknowledged nothing for 30 seconds.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         control,
	}
	return d.DialContext(ctx, network, address)
}

// Handshake makes conn, which leads to address, a TLS connection. It closes conn when that fails.
func Handshake(ctx context.Context, conn net.Conn, address string, t TLS) (*tls.Conn, error) {
	config, err := t.Config()
	if err != nil {
		conn.Close() //nolint:errcheck // the dial has failed already
		return nil, err
	}
	if config.ServerName == "" {
		if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
			conn.Close() //nolint:errcheck // the dial has failed already
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close() //nolint:errcheck // the dial has failed already
		return nil, fmt.Errorf("TLS handshake with %s: %w", address, err)
	}
	t.Seen.note(Receiver, secured.ConnectionState().PeerCertificates[0])
	return secured, nil
}

func control(_, address string, conn syscall.RawConn) error {
	if err := Allowed(address); err != nil {
		return err
	}
	return tune(conn)
}

// Allowed refuses addresses that no receiver has: those of a cloud's metadata service, which hands out credentials,
// and other link-local, multicast and unspecified ones. It is asked about the resolved address, so that a
// name can't lead there.
func Allowed(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, err)
	}
	ip := at.Addr().Unmap()
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() || ip == awsMetadata() {
		return fmt.Errorf("dial %s: link-local, multicast and metadata addresses are refused", address)
	}
	return nil
}

// awsMetadata is the one metadata address that isn't link-local.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
func awsMetadata() netip.Addr { return netip.MustParseAddr("fd00:ec2::254") }
