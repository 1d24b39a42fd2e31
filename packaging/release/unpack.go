package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// content is a file of an artifact.
type content struct {
	name string // its path inside the artifact, through archives inside it
	path string // where it is now
	sum  string // SHA-256, hexadecimal
}

// unpack returns all regular files in the artifact, and in archives inside it, which it unpacks below the folder work. What isn't an
// archive is its own only file.
func unpack(artifact, work string) ([]content, error) {
	files, err := walk(artifact, "", work)
	if len(files) == 1 && files[0].path == artifact {
		files[0].name = filepath.Base(artifact)
	}
	return files, err
}

func walk(file, name, work string) (all []content, err error) {
	archive, err := isArchive(file)
	if err != nil {
		return nil, err
	}
	if !archive {
		sum, err := digest(file)
		return []content{{name, file, sum}}, err
	}
	dir, err := os.MkdirTemp(work, "")
	if err != nil {
		return nil, err
	}
	// libarchive's tar reads deb and rpm, too.
	if said, err := exec.Command("bsdtar", "-x", "--no-same-owner", "-f", file, "-C", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("unpack %s: %w\n%s", name, err, said)
	}
	err = fs.WalkDir(os.DirFS(dir), ".", func(inner string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files, err := walk(filepath.Join(dir, inner), path.Join(name, inner), work)
		all = append(all, files...)
		return err
	})
	return all, err
}

// isArchive says whether the file is a deb, an rpm or a tar, compressed by gzip or not.
func isArchive(file string) (is bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	head, err := beginning(f)
	if err != nil || !bytes.HasPrefix(head, []byte("\x1f\x8b")) { // RFC 1952
		return tarlike(head), err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return false, nil //nolint:nilerr // it only begins as if it were gzip
	}
	head, err = beginning(unzipped)
	return tarlike(head), err
}

// beginning reads the first block of a tar, or what there is.
func beginning(r io.Reader) ([]byte, error) {
	block := make([]byte, 512)
	n, err := io.ReadFull(r, block)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return block[:n], err
}

// tarlike knows ar (deb) and rpm by their first bytes, and tar by its magic (POSIX.1-1988).
func tarlike(head []byte) bool {
	return bytes.HasPrefix(head, []byte("!<arch>\n")) || bytes.HasPrefix(head, []byte("\xed\xab\xee\xdb")) ||
		len(head) > 262 && string(head[257:262]) == "ustar"
}
