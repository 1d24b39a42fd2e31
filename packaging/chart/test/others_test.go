package test

import (
	"archive/zip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secrets are the keys of the Secrets that the ways to run name, as SECRET/KEY, and the ConfigMaps, all with contents of their kind.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	certificate, key := pair(t)
	return map[string]string{
		"azure/client-secret":  "hush-hush-hush",
		"splunk/token":         "00000000-0000-0000-0000-000000000000",
		"proxy/auth":           "user:hush-hush-hush",
		"sumo/url":             "https://collectors.sumologic.com/receiver/v1/http/hush-hush-hush",
		"syslog/ca.crt":        certificate,
		"syslog-client/ca.crt": certificate, "syslog-client/tls.crt": certificate, "syslog-client/tls.key": key,
		"rows": `{"Type":"AuditLogs","TimeGenerated":"2026-01-02T03:04:05Z"}` + "\n",
	}
}

// pair is a certificate that signs itself, and its key.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "logs.example.com"}, DNSNames: []string{"logs.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// moduleSum is the sum of the example module, by which the way "everything" pins it.
func moduleSum(t *testing.T) string {
	t.Helper()
	program, err := offhours()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// addZones puts the time zones there that the image has: those of Go.
func (p *pod) addZones() {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	p.node.must(err)
	zones, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(out)), "lib/time/zoneinfo.zip"))
	p.node.must(err)
	defer zones.Close()
	p.node.must(os.CopyFS(p.node.folder("zones"), zones))
}

// addModule does what the init container of the way "everything" does: it puts the example module into its volume.
func (p *pod) addModule() {
	program, err := offhours()
	p.node.must(err)
	data, err := os.ReadFile(program)
	p.node.must(err)
	p.node.must(os.WriteFile(filepath.Join(p.node.folder("modules"), "offhours"), data, 0o755))
}
