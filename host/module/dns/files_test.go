package dns

import (
	"errors"
	"os"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// TestAuthoritiesAreARegularFile holds that ca_file isn't read from a device, which may have no end, and that checking
// the files finds it.
func TestAuthoritiesAreARegularFile(t *testing.T) {
	c := Config{Resolver: "192.0.2.53:853", Transport: TLS, CAFile: os.DevNull}
	if _, err := newResolver(c, nil, nil); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("newResolver: %v", err)
	}
	if err := c.CheckFiles(); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("CheckFiles: %v", err)
	}
}
