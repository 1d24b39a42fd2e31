package main

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// authorities returns Mozilla's certificate authorities for servers as PEM. The Go team cuts them from NSS into a module, whose
// version and digest go.mod and go.sum pin. Authorities that Mozilla trusts only in part (until a date, for some names) are left out,
// as a file can't say so; skipped counts them.
func authorities() (roots []byte, skipped int) {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			skipped++
			continue
		}
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
	}
	return b.Bytes(), skipped
}

// dataRelease is how lib/time/update.bash of Go's source says which release of IANA's time zones lies beside it.
var dataRelease = regexp.MustCompile(`(?m)^DATA=([0-9]{4}[a-z])$`)

// timeZones returns IANA's time zones from the Go toolchain that builds the program, and their release. They lie as files where
// every program looks, as rule modules need them too, which don't get riskrelay's environment.
func timeZones() (files []file, release string, err error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, "", fmt.Errorf("go env GOROOT: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(goroot)), "lib/time")
	script, err := os.ReadFile(filepath.Join(dir, "update.bash"))
	if err != nil {
		return nil, "", err
	}
	found := dataRelease.FindSubmatch(script)
	if found == nil {
		return nil, "", fmt.Errorf("%s/update.bash has no line such as DATA=2025c, which says which release the zones are", dir)
	}
	zones, err := zip.OpenReader(filepath.Join(dir, "zoneinfo.zip"))
	if err != nil {
		return nil, "", err
	}
	for _, zone := range zones.File {
		if strings.HasSuffix(zone.Name, "/") {
			continue
		}
		content, err := read(zone)
		if err != nil {
			return nil, "", errors.Join(err, zones.Close())
		}
		files = append(files, file{path: path.Join("usr/share/zoneinfo", zone.Name), mode: 0o644, content: content}) //nolint:gosec // it is packed under this name, not written
	}
	return files, string(found[1]), zones.Close()
}

func read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}
