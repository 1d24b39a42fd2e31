package endpointtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Chain is a receiver on 127.0.0.1 with certificates, and the files with which a sink meets it.
type Chain struct {
	Name              string
	Server            *tls.Config
	CAFile            string
	CertFile, KeyFile string // of the client; "" for none
	// Refused is what the error of a Send that must fail says, and Check what a check says; "" where both must work.
	Refused, Check string
}

// link is a certificate with its key.
type link struct {
	certificate *x509.Certificate
	der         []byte
	key         *ecdsa.PrivateKey
}

// sign makes a certificate that parent signs, or that signs itself when parent is nil.
func sign(template *x509.Certificate, parent *link) (*link, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if parent == nil {
		parent = &link{certificate: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.certificate, &key.PublicKey, parent.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", template.Subject.CommonName, err)
	}
	certificate, err := x509.ParseCertificate(der)
	return &link{certificate, der, key}, err
}

func authority(name string) *x509.Certificate {
	t := newTemplate(name)
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return t
}

// leaf is for a server on 127.0.0.1, but for what change changes.
func leaf(change func(*x509.Certificate)) *x509.Certificate {
	t := newTemplate("127.0.0.1")
	t.NotAfter = time.Now().Add(90 * 24 * time.Hour)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	change(t)
	return t
}

func serves(links ...*link) *tls.Config {
	c := tls.Certificate{PrivateKey: links[0].key}
	for _, l := range links {
		c.Certificate = append(c.Certificate, l.der)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c}}
}

// Chains are receivers that a sink must refuse, or that refuse it, and some that are well. Files are written into dir.
func Chains(dir string) ([]Chain, error) {
	m := &maker{dir: dir}
	asIs := func(*x509.Certificate) {}
	root, stranger := m.link(authority("root"), nil), m.link(authority("stranger"), nil)
	between := m.link(authority("intermediate"), root)
	notCA := m.link(leaf(func(t *x509.Certificate) { t.Subject.CommonName = "no authority" }), root)
	good := m.link(leaf(asIs), root)
	if m.err != nil {
		return nil, m.err
	}
	m.ca = m.write("root.pem", root)
	from := func(change func(*x509.Certificate)) *tls.Config { return serves(m.link(leaf(change), root)) }
	limited := func(version uint16) *tls.Config {
		c := serves(good)
		c.MinVersion, c.MaxVersion = version, version
		return c
	}
	asking := func() *tls.Config {
		c := serves(good)
		c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		c.ClientCAs.AddCert(root.certificate)
		return c
	}
	m.add("good", serves(good), "", "")
	m.add("good, with an intermediate", serves(m.link(leaf(asIs), between), between), "", "")
	m.add("expired", from(func(t *x509.Certificate) {
		t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	}),
		"certificate has expired", "the certificate expired: it was valid until")
	m.add("not yet valid", from(func(t *x509.Certificate) { t.NotBefore = time.Now().Add(time.Hour) }), "not yet valid", "valid only from")
	m.add("wrong name", from(func(t *x509.Certificate) { t.IPAddresses, t.DNSNames = nil, []string{"siem.example.com"} }),
		"cannot validate certificate for 127.0.0.1", "is for siem.example.com, not for 127.0.0.1")
	m.add("only a common name", from(func(t *x509.Certificate) { t.IPAddresses = nil }), "legacy Common Name field", "no alternative names")
	m.add("unknown authority", serves(m.link(leaf(asIs), stranger)), "unknown authority", "isn't trusted: stranger")
	m.add("self-signed", serves(m.link(leaf(asIs), nil)), "unknown authority", "isn't trusted: 127.0.0.1")
	m.add("missing intermediate", serves(m.link(leaf(asIs), between)), "unknown authority", "isn't trusted: intermediate -> have the receiver send its whole chain")
	m.add("signed by no authority", serves(m.link(leaf(asIs), notCA), notCA), "unknown authority", "isn't trusted: no authority")
	m.add("wrong key usage", from(func(t *x509.Certificate) { t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
		"incompatible key usage", "have a certificate for servers issued")
	m.add("TLS 1.0", limited(tls.VersionTLS10), "protocol version not supported", "only versions of TLS before 1.2")
	m.add("TLS 1.1", limited(tls.VersionTLS11), "protocol version not supported", "only versions of TLS before 1.2")
	m.add("no client certificate", asking(), "certificate required", "name it in cert_file")
	m.client("client certificate", asking(), m.link(leaf(asIs), root), "", "")
	m.client("expired client certificate", asking(), m.link(leaf(func(t *x509.Certificate) {
		t.NotBefore, t.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	}), root), "expired certificate", "in cert_file expired")
	m.client("client certificate of a stranger", asking(), m.link(leaf(asIs), stranger), "certificate required", "the certificate in cert_file is of an authority that the receiver doesn't know")
	return m.all, m.err
}

// maker makes chains and remembers the first error.
type maker struct {
	dir, ca string
	all     []Chain
	err     error
}

func (m *maker) link(template *x509.Certificate, parent *link) *link {
	l, err := sign(template, parent)
	m.err = errors.Join(m.err, err)
	return l
}

func (m *maker) write(name string, l *link) (path string) {
	path = filepath.Join(m.dir, name)
	m.err = errors.Join(m.err, os.WriteFile(path, block("CERTIFICATE", l.der), 0o600))
	return path
}

func (m *maker) add(name string, server *tls.Config, refused, check string) {
	m.all = append(m.all, Chain{Name: name, Server: server, CAFile: m.ca, Refused: refused, Check: check})
}

// client adds a receiver to which the sink shows l.
func (m *maker) client(name string, server *tls.Config, l *link, refused, check string) {
	m.add(name, server, refused, check)
	c := &m.all[len(m.all)-1]
	c.CertFile, c.KeyFile = m.write(name+".pem", l), filepath.Join(m.dir, name+".key")
	private, err := x509.MarshalPKCS8PrivateKey(l.key)
	m.err = errors.Join(m.err, err, os.WriteFile(c.KeyFile, block("PRIVATE KEY", private), 0o600))
}
