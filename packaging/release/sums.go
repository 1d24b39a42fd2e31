package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The digests of a release, in the form of sha256sum(1), and their signature, in minisign's.
const (
	sumsName      = "SHA256SUMS"
	signatureName = sumsName + ".minisig"
)

// released returns all files below dir that are released, sorted: all but the digests and their signature, what building leaves behind
// in stage, and the transcripts of tests.
func released(dir string) (names []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		transcript, _ := path.Match("boot-*.txt", name) // the pattern is right
		switch {
		case err != nil:
			return err
		case d.IsDir() && name == "stage":
			return fs.SkipDir
		case d.IsDir() || transcript || name == sumsName || name == signatureName:
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s/%s isn't a regular file: only such can be released", dir, name)
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// writeSums writes the digests of all that is released.
func writeSums(dir string) error {
	names, err := released(dir)
	if err == nil && len(names) == 0 {
		err = configError{fmt.Errorf("%s holds nothing to release: run make packages", dir)}
	}
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, name := range names {
		sum, err := digest(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, name)
	}
	// A signature is of the digests that were there before.
	if err := os.Remove(filepath.Join(dir, signatureName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return write(filepath.Join(dir, sumsName), text.Bytes())
}

// parseSums reads digests by name.
func parseSums(text string) (map[string]string, error) {
	sums := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		sum, name, ok := strings.Cut(line, "  ")
		if !ok || len(sum) != 2*sha256.Size || !fs.ValidPath(name) {
			return nil, fmt.Errorf("%s has a line that isn't a SHA-256 digest, two spaces and a path inside the folder: %q", sumsName, line)
		}
		sums[name] = sum
	}
	return sums, nil
}

// digest is the SHA-256 digest of a file in hexadecimal.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), errors.Join(err, f.Close())
}

// write writes a file that has its name only once it is whole.
func write(path string, content []byte) error {
	if err := os.WriteFile(path+".part", content, 0o644); err != nil { //nolint:gosec // it is published
		return err
	}
	return os.Rename(path+".part", path)
}
