package endpoint

import (
	"errors"
	"os"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// TestCertificatesAreRegularFiles holds that no certificate or key is read from a device, which may have no end.
func TestCertificatesAreRegularFiles(t *testing.T) {
	pem := t.TempDir() + "/x.pem"
	if err := os.WriteFile(pem, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]TLS{
		"authorities": {CAFile: os.DevNull}, "certificate": {CertFile: os.DevNull, KeyFile: pem}, "key": {CertFile: pem, KeyFile: os.DevNull},
	} {
		if _, err := config.Config(); !errors.Is(err, inputfile.ErrNotRegular) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
