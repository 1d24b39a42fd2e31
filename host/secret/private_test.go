package secret

import (
	"io/fs"
	"strings"
	"testing"
)

// TestModes imitates the modes with which systems hand secrets over.
func TestModes(t *testing.T) {
	tests := []struct {
		name string
		mode fs.FileMode
		at   place
		mend string // "" for a file that is taken
	}{
		{"own", 0o600, ordinary, ""},
		{"own, not to be written", 0o400, ordinary, ""},
		{"the group's", 0o640, ordinary, "run chmod 600 /x"},
		{"everybody's", 0o644, ordinary, "run chmod 600 /x"},
		{"systemd's", 0o440, credentials, ""},
		{"systemd's, everybody's", 0o444, credentials, "LoadCredential="},
		{"a volume with fsGroup", 0o440, readOnly, ""},
		{"a volume as Kubernetes makes them by default", 0o644, readOnly, "defaultMode"},
	}
	for _, test := range tests {
		err := private("token_file", "/x", test.mode, test.at)
		if test.mend == "" && err != nil || test.mend != "" && (err == nil || !strings.Contains(err.Error(), test.mend)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.mend)
		}
	}
}
