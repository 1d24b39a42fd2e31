package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/host/ownership"
)

// maxSize is far above the size of any token or key.
const maxSize = 64 << 10

// File is a secret in a file, read again whenever the file changes, so that it can be rotated without a restart. Its methods may
// be called at the same time.
type File struct {
	keeper    *Keeper
	key, path string
	part      func(content string) (secret string, err error)

	mu      sync.Mutex
	content string // "" until it was read
	size    int64
	mod     time.Time
}

// File returns the secret in the file at path, which the configuration's key names. Nothing is read yet. Part tells which part of
// the content is the secret, or what is wrong with it; nil stands for the whole. What part says must not hold the content.
func (k *Keeper) File(key, path string, part func(content string) (secret string, err error)) *File {
	if part == nil {
		part = func(content string) (string, error) { return content, nil }
	}
	return &File{keeper: k, key: key, path: path, part: part}
}

// Get returns the content without the white space around it. It fails when the file can't be read, may be read by others
// ([ownership.Exposed]), or holds no secret. The error names key and file and says what to do, and never holds the content.
func (f *File) Get() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := f.keeper.look(f.key, f.path)
	if err != nil {
		return "", err
	}
	if f.content != "" && info.Size() == f.size && info.ModTime().Equal(f.mod) {
		return f.content, nil
	}
	return f.read(info)
}

// Reread reads the file even if it looks unchanged, and reports whether the content is another than old.
func (f *File) Reread(old string) (changed bool, err error) {
	f.mu.Lock()
	f.content = ""
	f.mu.Unlock()
	content, err := f.Get()
	return err == nil && content != old, err
}

func (f *File) read(info fs.FileInfo) (string, error) {
	data, err := inputfile.Read(f.path, maxSize)
	if err != nil {
		return "", unreadable(f.key, f.path, err)
	}
	content := string(bytes.TrimSpace(data))
	if content == "" {
		return "", fmt.Errorf("%s: %s is empty: write the secret into it", f.key, f.path)
	}
	secret, err := f.part(content)
	if err != nil {
		return "", fmt.Errorf("%s: %s %w", f.key, f.path, err)
	}
	if len(secret) < MinLength {
		return "", fmt.Errorf("%s: %s holds a secret of less than %d bytes, which couldn't be kept out of the log: use a longer one", f.key, f.path, MinLength)
	}
	f.keeper.Hold(f.path, secret)
	f.content, f.size, f.mod = content, info.Size(), info.ModTime()
	return content, nil
}

// ReadKey returns the content of a file with a private key, which the configuration's key names: PEM, of which certificates are no
// secret, or anything else. Errors are as those of [File.Get].
func (k *Keeper) ReadKey(key, path string) ([]byte, error) {
	if _, err := k.look(key, path); err != nil {
		return nil, err
	}
	data, err := inputfile.Read(path, maxSize)
	if err != nil {
		return nil, unreadable(key, path, err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%s: %s is empty: write the private key into it", key, path)
	}
	for i, line := range privateLines(data) {
		k.Hold(fmt.Sprintf("%s:%d", path, i), line)
	}
	return data, nil
}

// privateLines are the lines of the private keys in a file in PEM form (RFC 7468).
func privateLines(data []byte) (lines []string) {
	private := false
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		switch {
		case bytes.HasPrefix(line, []byte("-----BEGIN ")):
			private = bytes.Contains(line, []byte("PRIVATE KEY"))
		case bytes.HasPrefix(line, []byte("-----END ")):
			private = false
		case private:
			lines = append(lines, string(line))
		}
	}
	return lines
}

// look looks at a file without opening it and checks who may read it.
func (k *Keeper) look(key, path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = inputfile.ErrNotRegular
	}
	if err != nil {
		return nil, unreadable(key, path, err)
	}
	if err := ownership.Exposed(key, path, info); err != nil && !k.tolerate(err) {
		return nil, err
	}
	return info, nil
}

// unreadable says why a file isn't read and what to do. A name without a folder that leads nowhere may be the secret itself, and isn't
// repeated.
func unreadable(key, path string, err error) error {
	if located := (*fs.PathError)(nil); errors.As(err, &located) {
		err = located.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Base(path) == path:
		return fmt.Errorf("%s: %w: name the file that holds the secret; if what stands there is the secret itself, move it into a file", key, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %s: %w: write the secret there, for the host's user alone (mode 0600), or correct the path", key, path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %s: %w: make the host's user its owner", key, path, err)
	case errors.Is(err, inputfile.ErrNotRegular):
		return fmt.Errorf("%s: %s is %w: name a file that holds the secret", key, path, inputfile.ErrNotRegular)
	}
	return fmt.Errorf("%s: read %s: %w", key, path, err)
}
