package test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// contents are the files of an archive of a chart, by name.
func contents(t *testing.T, archive string) map[string]string {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files, reader := map[string]string{}, tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			files[header.Name] = string(text)
		}
	}
}

// released is the archive that `make chart` made, $CHART_ARCHIVE, or one that is made like it.
func released(t *testing.T) string {
	t.Helper()
	if archive := os.Getenv("CHART_ARCHIVE"); archive != "" {
		return archive
	}
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), "../build", dir)
	command.Env = append(os.Environ(), "VERSION=1.2.3", "SOURCE_DATE_EPOCH=1")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "riskrelay-1.2.3.tgz")
}

// TestArchive holds that the archive which is released has in it what `helm package` would put there, and renders the same.
func TestArchive(t *testing.T) {
	archive := released(t)
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(archive), "riskrelay-"), ".tgz")
	dir := t.TempDir()
	if _, err := helm(t, "package", chart, "--version", version, "--app-version", version, "--destination", dir); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(dir, filepath.Base(archive))
	ours, theirs := contents(t, archive), contents(t, packed)
	if len(theirs) == 0 {
		t.Fatal("helm package made an empty archive")
	}
	for name, text := range theirs {
		same := ours[name] == text
		if name == "riskrelay/Chart.yaml" { // Helm writes it anew
			same = asJSON(t, ours[name]) == asJSON(t, text)
		}
		if !same {
			t.Errorf("%s is\n%s\nand of helm package\n%s", name, ours[name], text)
		}
		delete(ours, name)
	}
	if len(ours) > 0 {
		t.Errorf("only the archive has %v", ours)
	}
	rendered := func(archive string) string {
		out, err := helm(t, "template", "siem", archive, "--kube-version", versions[0], "--values", everything)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if !slices.Equal(strings.Split(rendered(archive), "\n"), strings.Split(rendered(packed), "\n")) {
		t.Error("the archive renders something else than that of helm package")
	}
}

// asJSON is a YAML text in a form that can be compared.
func asJSON(t *testing.T, text string) string {
	t.Helper()
	out, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
