package azure

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
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

const testTenant = "a4c8e2f6-1b3d-4f5a-8e7c-9d0b2a4c6e81"

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeyOfAnUnusableKind(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := Credential{Kind: "certificate", TenantID: testTenant, ClientID: "c", CertificateFile: filepath.Join(t.TempDir(), "identity.pem")}
	write(t, c.CertificateFile, identity(t, key, &key.PublicKey))
	if _, err := NewCredential(c, azcore.ClientOptions{}); err == nil {
		t.Error("a key that the directory doesn't take is accepted")
	}
}

func TestCredentialsByKind(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, []byte("obviously-fake-token"))
	tests := map[string]Credential{
		"*azidentity.DefaultAzureCredential":     {Kind: "default"},
		"*azidentity.ManagedIdentityCredential":  {Kind: "managed", ClientID: "c"},
		"*azidentity.WorkloadIdentityCredential": {Kind: "workload", TenantID: testTenant, ClientID: "c", TokenFile: token},
	}
	for want, c := range tests {
		got, err := NewCredential(c, azcore.ClientOptions{})
		if name := fmt.Sprintf("%T", got); err != nil || name != want {
			t.Errorf("%s gives %s, %v; want %s", c.Kind, name, err, want)
		}
	}
}
