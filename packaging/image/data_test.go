package main

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"
)

// TestAuthorities holds that the bundle has the authorities that Azure's services are certified by
// (https://learn.microsoft.com/azure/security/fundamentals/azure-certificate-authority-details), but for DigiCert Global Root CA, which
// Mozilla trusts no more, and only authorities.
func TestAuthorities(t *testing.T) {
	roots, _ := authorities()
	found := map[string]bool{}
	for {
		var block *pem.Block
		if block, roots = pem.Decode(roots); block == nil {
			break
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !root.IsCA {
			t.Errorf("%s is no authority", root.Subject)
		}
		found[root.Subject.CommonName] = true
	}
	for _, name := range []string{"DigiCert Global Root G2", "DigiCert Global Root G3", "Microsoft RSA Root Certificate Authority 2017", "Microsoft ECC Root Certificate Authority 2017"} {
		if !found[name] {
			t.Errorf("it lacks %s", name)
		}
	}
}

// TestTimeZones holds that the files are zones as Go, and so others, read them.
func TestTimeZones(t *testing.T) {
	files, release, err := timeZones()
	if err != nil {
		t.Fatal(err)
	}
	if release == "" {
		t.Error("it has no release")
	}
	for _, f := range files {
		zone, err := time.LoadLocationFromTZData(f.path, f.content)
		if err != nil {
			t.Fatalf("%s: %v", f.path, err)
		}
		if f.path == "usr/share/zoneinfo/Europe/Zurich" {
			if got := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(zone).Hour(); got != 14 {
				t.Errorf("at noon UTC in July it is %d in Zurich", got)
			}
			return
		}
	}
	t.Error("it lacks Europe/Zurich")
}
