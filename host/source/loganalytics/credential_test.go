package loganalytics

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"
)

// identity is a self-signed certificate and its key as PEM.
func identity(t *testing.T, signer any, public any) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: key}, {Type: "CERTIFICATE", Bytes: certificate}} {
		if err := pem.Encode(&b, block); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, new(table).answer)
	c := s.config()
	c.Credential.Kind, c.Credential.CertificateFile = "certificate", filepath.Join(t.TempDir(), "identity.pem")
	write(t, c.Credential.CertificateFile, identity(t, key, &key.PublicKey))
	if err := s.source(c).Read(t.Context(), testWindow(time.Minute), "", nil); err != nil {
		t.Error(err)
	}
}
