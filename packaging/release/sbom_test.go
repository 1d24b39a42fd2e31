package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// pack is a compressed tar of files.
func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBillOfMaterials holds that a bill names the files of archives inside archives, what their programs were linked from, and what
// bills among them say; and that it is the same each time.
func TestBillOfMaterials(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	inner := pack(t, map[string][]byte{
		"usr/bin/program":    program,
		"doc/image.cdx.json": []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"data","bom-ref":"zones","name":"zones","version":"2025c"}]}`),
	})
	dir := t.TempDir()
	put(t, filepath.Join(dir, "image.tar"), string(pack(t, map[string][]byte{"layer.tar.gz": inner, "readme.gz": []byte("\x1f\x8bnot gzip")})))
	env := variables(map[string]string{"SOURCE_DATE_EPOCH": "1700000000"})
	var texts []string
	for range 2 {
		if err := run([]string{"sbom", dir, "1.2.3"}, env, nil); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, read(t, filepath.Join(dir, "image.tar.cdx.json")))
	}
	if texts[0] != texts[1] {
		t.Error("the second is another")
	}
	bom, err := decode("image", []byte(texts[0]))
	if err != nil {
		t.Fatal(err)
	}
	if bom.Metadata.Timestamp != "2023-11-14T22:13:20Z" || bom.Metadata.Component.Name != "image.tar" || bom.Metadata.Component.Version != "1.2.3" {
		t.Errorf("it is of %+v", bom.Metadata)
	}
	found := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		found[c.Name] = c
	}
	for _, name := range []string{"readme.gz", "layer.tar.gz/doc/image.cdx.json", "layer.tar.gz/usr/bin/program", "zones", "aead.dev/minisign", "std"} {
		if _, ok := found[name]; !ok {
			t.Errorf("it lacks %s", name)
		}
	}
	if got, want := (*found["layer.tar.gz/usr/bin/program"].Hashes)[0].Value, fmt.Sprintf("%x", sha256.Sum256(program)); got != want {
		t.Errorf("the program has the digest %s, not %s", got, want)
	}
	for _, d := range *bom.Dependencies {
		if d.Ref == "file:layer.tar.gz/usr/bin/program" && slices.Contains(*d.Dependencies, found["aead.dev/minisign"].BOMRef) {
			return
		}
	}
	t.Error("it doesn't say what the program was linked from")
}

// TestTimeIsNeeded holds that a bill without the commit's time isn't written.
func TestTimeIsNeeded(t *testing.T) {
	if err := run([]string{"sbom", t.TempDir(), "1.2.3"}, variables(nil), nil); code(err) != exitConfig {
		t.Error(err)
	}
}
