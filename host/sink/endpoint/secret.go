package endpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// SecretFile is a secret in a file, read again whenever the file changes, so that it can be rotated without a
// restart. Its methods may be called at the same time.
type SecretFile struct {
	path string

	mu     sync.Mutex
	secret string
	size   int64
	mod    time.Time
}

// NewSecretFile returns the secret in the file at path. Nothing is read yet.
func NewSecretFile(path string) *SecretFile { return &SecretFile{path: path} }

// maxSecret is far above the size of any token.
const maxSecret = 64 << 10

// Get returns the secret without the white space around it. It fails when the file can't be read, is empty, or may
// be read by others than its owner; the error names the file, never its content.
func (f *SecretFile) Get() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if err := private(f.path, info); err != nil {
		return "", err
	}
	if f.secret != "" && info.Size() == f.size && info.ModTime().Equal(f.mod) {
		return f.secret, nil
	}
	return f.read(info)
}

// Reread reads the file even if it looks unchanged, and reports whether the secret is another than old.
func (f *SecretFile) Reread(old string) (changed bool, err error) {
	f.mu.Lock()
	f.secret = ""
	f.mu.Unlock()
	secret, err := f.Get()
	return err == nil && secret != old, err
}

func (f *SecretFile) read(info os.FileInfo) (string, error) {
	if info.Size() > maxSecret {
		return "", fmt.Errorf("read secret: %s has %d bytes, a secret has at most %d", f.path, info.Size(), maxSecret)
	}
	content, err := os.ReadFile(f.path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	secret := string(bytes.TrimSpace(content))
	if secret == "" {
		return "", fmt.Errorf("read secret: %s is empty", f.path)
	}
	f.secret, f.size, f.mod = secret, info.Size(), info.ModTime()
	return secret, nil
}

var errNotFile = errors.New("not a regular file")

// private refuses a file that others than its owner may read. systemd hands credentials over with an access list,
// which shows as a mode that the group can read (systemd.exec(5), LoadCredential).
func private(path string, info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("read secret: %s: %w", path, errNotFile)
	}
	others := os.FileMode(0o077)
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(path) == filepath.Clean(dir) {
		others = 0o007
	}
	if info.Mode().Perm()&others != 0 {
		return fmt.Errorf("read secret: %s may be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	return nil
}
