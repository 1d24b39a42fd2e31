package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installed lays out the files that packages put into /etc/riskrelay as an administrator leaves them: in those for which inUse is
// true each example is in use, the others are without change.
func installed(t *testing.T, inUse func(name string) bool) (configuration string) {
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
		if inUse(filepath.Base(path)) {
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
	t.Setenv("CREDENTIALS_DIRECTORY", "") // is set again at the end
	if err := os.Unsetenv("CREDENTIALS_DIRECTORY"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		inUse       func(name string) bool
		code        int
		out, errors string
	}{
		"untouched":             {func(string) bool { return false }, exitConfig, "", "name at least one of splunk_hec"},
		"all but the main file": {func(name string) bool { return name != "riskrelay.yaml" }, exitConfig, "", "name at least one of splunk_hec"},
		"all":                   {func(string) bool { return true }, exitOK, "ok: ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := execute(t.Context(), []string{"validate", "--config", installed(t, test.inUse)}, streams{in: strings.NewReader(""), out: &out, err: &errs})
			if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(errs.String(), test.errors) {
				t.Errorf("exit code %d\n%s%s", code, &out, &errs)
			}
		})
	}
}
