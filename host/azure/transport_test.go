package azure

import (
	"errors"
	"os"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// TestAuthoritiesAreARegularFile holds that ca_file isn't read from a device, which may have no end.
func TestAuthoritiesAreARegularFile(t *testing.T) {
	if _, err := NewTransport(os.DevNull, 1, 1, nil); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("NewTransport: %v", err)
	}
}
