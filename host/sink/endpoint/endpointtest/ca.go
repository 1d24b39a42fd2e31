// Package endpointtest makes certificate authorities and certificates for tests and demonstrations.
package endpointtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// CA is a certificate authority that lives as long as the process.
type CA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	PEM         []byte // the authority's certificate
}

// NewCA makes an authority whose certificate is good for a day.
func NewCA() (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := newTemplate("riskrelay test CA")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign the authority's certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the authority's certificate: %w", err)
	}
	return &CA{certificate: certificate, key: key, PEM: block("CERTIFICATE", der)}, nil
}

// Pair is a certificate with its key, in PEM form.
type Pair struct{ Cert, Key []byte }

// Span is when a certificate is valid, from now on. The zero value is from an hour ago to a day ahead.
type Span struct{ From, To time.Duration }

// Issue makes a certificate, for servers and clients, that is good for names: host names or IP addresses. The first
// is its common name.
func (ca *CA) Issue(names ...string) (Pair, error) { return ca.IssueFor(Span{}, names...) }

// IssueFor makes a certificate like Issue that is valid for a span of time.
func (ca *CA) IssueFor(span Span, names ...string) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make a key: %w", err)
	}
	template := newTemplate(names[0])
	if now := time.Now(); span != (Span{}) {
		template.NotBefore, template.NotAfter = now.Add(span.From), now.Add(span.To)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &key.PublicKey, ca.key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign the certificate of %s: %w", names[0], err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("write the key of %s: %w", names[0], err)
	}
	return Pair{block("CERTIFICATE", der), block("PRIVATE KEY", private)}, nil
}

// ServerConfig is a TLS configuration with a new certificate for names.
func (ca *CA) ServerConfig(names ...string) (*tls.Config, error) {
	return ca.ServerConfigFor(Span{}, names...)
}

// ServerConfigFor is a TLS configuration with a new certificate for names that is valid for a span of time.
func (ca *CA) ServerConfigFor(span Span, names ...string) (*tls.Config, error) {
	pair, err := ca.IssueFor(span, names...)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}, err
}

// Pool holds the authority's certificate.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.certificate)
	return pool
}

// WriteFile writes the authority's certificate into dir and returns the file's path.
func (ca *CA) WriteFile(dir string) (path string, err error) {
	path = filepath.Join(dir, "ca.pem")
	return path, os.WriteFile(path, ca.PEM, 0o600)
}

// WriteFiles writes the pair into dir as NAME.pem and NAME.key and returns the files' paths.
func (p Pair) WriteFiles(dir, name string) (cert, key string, err error) {
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	if err = os.WriteFile(cert, p.Cert, 0o600); err == nil {
		err = os.WriteFile(key, p.Key, 0o600)
	}
	return cert, key, err
}

func newTemplate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
