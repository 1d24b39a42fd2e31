package secret

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// ExposedError says that others than its owner may read a file with a secret.
type ExposedError struct {
	Key, Path string
	Mode      fs.FileMode
	Mend      string // what to do
}

func (e *ExposedError) Error() string {
	return fmt.Sprintf("%s: %s may be read by others (mode %04o): %s", e.Key, e.Path, e.Mode.Perm(), e.Mend)
}

// place is where a file lies, as far as that says who may read it.
type place int

const (
	ordinary place = iota
	// credentials is the directory in which systemd hands credentials over. Files there belong to root and have an access list for
	// the service's user, which shows as a mode that the group can read (systemd.exec(5), LoadCredential).
	credentials
	// readOnly is a file system that nobody can write to, as the volumes of Kubernetes that hold secrets: with an fsGroup its
	// files belong to root and that group.
	readOnly
)

func placeOf(path string) place {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(path) == filepath.Clean(dir) {
		return credentials
	}
	if onReadOnly(path) {
		return readOnly
	}
	return ordinary
}

// private refuses a file that others than its owner may read. Windows has no such modes.
func private(key, path string, mode fs.FileMode, at place) error {
	others, mend := fs.FileMode(0o077), "run chmod 600 "+path
	switch at {
	case credentials:
		others, mend = 0o037, "hand it over with LoadCredential="
	case readOnly:
		others, mend = 0o037, "mount it with mode 0400, or 0440 for a group of the host's user (defaultMode in Kubernetes)"
	}
	if runtime.GOOS == "windows" || mode.Perm()&others == 0 {
		return nil
	}
	return &ExposedError{key, path, mode, mend}
}
