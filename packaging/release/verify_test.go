package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// newKey makes a key, as text, and writes its public half into a file.
func newKey(t *testing.T) (key minisign.PrivateKey, text, public string) {
	t.Helper()
	pub, key, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := key.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	shown, err := pub.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	public = filepath.Join(t.TempDir(), "riskrelay.pub")
	put(t, public, string(shown))
	return key, string(secret), public
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// variables is an environment.
func variables(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

// newRelease is a signed release of two artifacts, among what isn't released, and its public key.
func newRelease(t *testing.T) (dir, public string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"riskrelay-1.2.3.tgz": "chart", "bin/riskrelay-linux-amd64": "program", "stage/man/riskrelay.1": "page", "boot-deb.txt": "transcript",
	} {
		put(t, filepath.Join(dir, name), text)
	}
	_, text, public := newKey(t)
	if err := run([]string{"sums", dir}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"sign", dir, "1.2.3"}, variables(map[string]string{keyVariable: text}), nil); err != nil {
		t.Fatal(err)
	}
	return dir, public
}

func TestVerify(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, dir string, public *string)
		code   int
		says   []string
	}{
		"as signed": {func(*testing.T, string, *string) {}, 0, []string{`ok: 2 files as signed, "riskrelay 1.2.3", by the key `}},
		"one byte": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, "riskrelay-1.2.3.tgz"), "charT")
		}, exitFindings, []string{`isn't what was signed as "riskrelay 1.2.3"`, "changed: riskrelay-1.2.3.tgz"}},
		"a file less": {func(t *testing.T, dir string, _ *string) {
			remove(t, filepath.Join(dir, "bin/riskrelay-linux-amd64"))
		}, exitFindings, []string{"missing: bin/riskrelay-linux-amd64"}},
		"a file more": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, "bin/riskrelay-plan9"), "")
		}, exitFindings, []string{"extra: bin/riskrelay-plan9"}},
		"all at once": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, "riskrelay-1.2.3.tgz"), "")
			if err := os.Rename(filepath.Join(dir, "bin/riskrelay-linux-amd64"), filepath.Join(dir, "bin/riskrelay")); err != nil {
				t.Fatal(err)
			}
		}, exitFindings, []string{"missing: bin/riskrelay-linux-amd64", "extra: bin/riskrelay", "changed: riskrelay-1.2.3.tgz"}},
		"another key": {func(t *testing.T, _ string, public *string) {
			_, _, *public = newKey(t)
		}, exitFindings, []string{"was signed with another key"}},
		"another key with the same number": {func(t *testing.T, dir string, _ *string) {
			_, text, _ := newKey(t)
			before := read(t, filepath.Join(dir, signatureName))
			if err := run([]string{"sign", dir, "1.2.3"}, variables(map[string]string{keyVariable: text}), nil); err != nil {
				t.Fatal(err)
			}
			var old, forged minisign.Signature
			if err := old.UnmarshalText([]byte(before)); err != nil {
				t.Fatal(err)
			}
			if err := forged.UnmarshalText([]byte(read(t, filepath.Join(dir, signatureName)))); err != nil {
				t.Fatal(err)
			}
			forged.KeyID = old.KeyID
			put(t, filepath.Join(dir, signatureName), forged.String())
		}, exitFindings, []string{"the signature is wrong"}},
		"digests": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, sumsName), strings.ToUpper(read(t, filepath.Join(dir, sumsName))))
		}, exitFindings, []string{"the signature is wrong"}},
		"another version": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, signatureName), strings.ReplaceAll(read(t, filepath.Join(dir, signatureName)), "1.2.3", "1.2.4"))
		}, exitFindings, []string{"the signature is wrong"}},
		"no signature": {func(t *testing.T, dir string, _ *string) {
			remove(t, filepath.Join(dir, signatureName))
		}, exitFindings, []string{"nothing can be said of", "missing: " + signatureName}},
		"no digests": {func(t *testing.T, dir string, _ *string) {
			remove(t, filepath.Join(dir, sumsName))
		}, exitFindings, []string{"missing: " + sumsName}},
		"not a signature": {func(t *testing.T, dir string, _ *string) {
			put(t, filepath.Join(dir, signatureName), "signed")
		}, exitFindings, []string{"isn't a signature of minisign"}},
		"no key": {func(_ *testing.T, _ string, public *string) {
			*public = "absent.pub"
		}, exitConfig, []string{"read the public key in absent.pub", "PUBLIC_KEY=FILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, public := newRelease(t)
			test.change(t, dir, &public)
			var out bytes.Buffer
			err := run([]string{"verify", dir, public}, nil, &out)
			said, got := out.String(), 0
			if err != nil {
				said, got = err.Error(), code(err)
			}
			if got != test.code {
				t.Errorf("exit code %d, expected %d: %s", got, test.code, said)
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("it doesn't say %q: %s", want, said)
				}
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSumsDropTheSignature holds that new digests don't lie beside the signature of others.
func TestSumsDropTheSignature(t *testing.T) {
	dir, _ := newRelease(t)
	if err := run([]string{"sums", dir}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, signatureName)); err == nil {
		t.Error("the signature is still there")
	}
}

func TestParseSums(t *testing.T) {
	sum := strings.Repeat("0", 64)
	for text, fine := range map[string]bool{
		sum + "  bin/riskrelay\n": true, "": true,
		sum + "  ../etc/passwd\n": false, sum + "  /etc/passwd\n": false, sum + " riskrelay\n": false, "00  riskrelay\n": false, "\n": false,
	} {
		if _, err := parseSums(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestNothingToRelease holds that an empty folder isn't signed, nor one that holds a link to what lies elsewhere.
func TestNothingToRelease(t *testing.T) {
	dir := t.TempDir()
	if err := run([]string{"sums", dir}, nil, nil); code(err) != exitConfig {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "riskrelay.tar")); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"sums", dir}, nil, nil); err == nil || !strings.Contains(err.Error(), "isn't a regular file") {
		t.Errorf("a link: %v", err)
	}
}
