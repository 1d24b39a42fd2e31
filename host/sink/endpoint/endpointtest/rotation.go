package endpointtest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// Rotation is a receiver's side and a sink's files whose certificates are replaced while events flow: a new authority, a new
// certificate of the receiver and a new one of the client each time.
type Rotation struct {
	CAFile, CertFile, KeyFile string // of the sink

	mu      sync.Mutex
	server  *tls.Config
	waiting map[string]chan struct{}
}

// NewRotation makes the first certificates and writes the sink's files into dir. The client's common name is name.
func NewRotation(dir, name string) (*Rotation, error) {
	r := &Rotation{
		CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "client.pem"), KeyFile: filepath.Join(dir, "client.key"),
		waiting: map[string]chan struct{}{},
	}
	return r, r.Rotate(name)
}

// Rotate replaces everything, first at the receiver, then the sink's files one by one.
func (r *Rotation) Rotate(name string) error {
	ca, err := NewCA()
	if err != nil {
		return err
	}
	server, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		return err
	}
	client, err := ca.Issue(name)
	if err != nil {
		return err
	}
	server.ClientCAs, server.ClientAuth = ca.Pool(), tls.RequireAndVerifyClientCert
	server.VerifyConnection = func(state tls.ConnectionState) error {
		r.saw(state.PeerCertificates[0])
		return nil
	}
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
	return errors.Join(replace(r.CAFile, ca.PEM), replace(r.CertFile, client.Cert), replace(r.KeyFile, client.Key))
}

// Server is the receiver's configuration: connections that are made after Rotate get the new one.
func (r *Rotation) Server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.server, nil
	}}
}

// Saw is closed once the receiver was shown the client certificate of that name.
func (r *Rotation) Saw(name string) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wait(name)
}

func (r *Rotation) wait(name string) chan struct{} {
	if r.waiting[name] == nil {
		r.waiting[name] = make(chan struct{})
	}
	return r.waiting[name]
}

func (r *Rotation) saw(leaf *x509.Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.wait(leaf.Subject.CommonName)
	select {
	case <-seen:
	default:
		close(seen)
	}
}

// replace puts a file in the place of another at once.
func replace(path string, text []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
