package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installed lays out the files that packages put into /etc/riskrelay as an administrator leaves them: without change, or with
// each example in use.
func installed(t *testing.T, inUse bool) (configuration string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../packaging/linux/etc")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hec-token"), []byte("00000000-0000-0000-0000-000000000000"), 0o600); err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile(`(?m)^#([^ #]|  )`) // a comment has one space behind its #
	places := strings.NewReplacer("/etc/riskrelay", dir, "/var/log/riskrelay", dir)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if inUse {
			text, path = example.ReplaceAll(text, []byte("$1")), strings.TrimSuffix(path, ".off")
		}
		return os.WriteFile(path, []byte(places.Replace(string(text))), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "riskrelay.yaml")
}

// TestInstalledConfiguration holds that what packages install says what it lacks, and is right when all its examples are used.
func TestInstalledConfiguration(t *testing.T) {
	for _, test := range []struct {
		inUse       bool
		code        int
		out, errors string
	}{
		{inUse: false, code: exitConfig, errors: "name at least one of splunk_hec"},
		{inUse: true, code: exitOK, out: "ok: "},
	} {
		var out, errs bytes.Buffer
		t.Setenv("CREDENTIALS_DIRECTORY", "")
		code := execute(t.Context(), []string{"validate", "--config", installed(t, test.inUse)}, streams{strings.NewReader(""), &out, &errs})
		if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(errs.String(), test.errors) {
			t.Errorf("examples in use %v: exit code %d\n%s%s", test.inUse, code, &out, &errs)
		}
	}
}
