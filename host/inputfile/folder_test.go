package inputfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// folder makes the folder of rules of an operator, with a ConfigMap's links in it, beside what it mustn't lead to.
func folder(t *testing.T) (dir string) {
	t.Helper()
	top := t.TempDir()
	dir = filepath.Join(top, "rules")
	for name, content := range map[string]string{
		"secret.txt": "hush", "rules/a.txt": "a", "rules/sub/b.txt": "b", "rules/..1/c.txt": "c", "rules/large": "0123456789x",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"..data": "..1", "c.txt": "..data/c.txt", "sub/up.txt": "../a.txt", "out.txt": "../secret.txt",
		"out": "..", "absolute.txt": filepath.Join(top, "secret.txt"), "within.txt": filepath.Join(dir, "a.txt"),
		"device": os.DevNull, "gone.txt": "nowhere", "round": "round",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFolder holds that links inside a folder are followed, and that what lies outside isn't read.
func TestFolder(t *testing.T) {
	dir := folder(t)
	f, err := inputfile.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]string{"a.txt": "a", "sub/b.txt": "b", "c.txt": "c", "sub/up.txt": "a", "./sub/../a.txt": "a"} {
		if got, err := f.Read(name, 10); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]error{
		"out.txt": inputfile.ErrOutside, "out/secret.txt": inputfile.ErrOutside, "../secret.txt": inputfile.ErrOutside,
		"absolute.txt": inputfile.ErrOutside, "within.txt": inputfile.ErrOutside, "device": inputfile.ErrOutside,
		filepath.Join(dir, "a.txt"): inputfile.ErrOutside,
		"sub":                       inputfile.ErrNotRegular, "gone.txt": fs.ErrNotExist, "missing": fs.ErrNotExist,
		"large": inputfile.TooLargeError{Max: 10}, "round": nil,
	} {
		got, err := f.Read(name, 10)
		if len(got) > 0 || err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %q, %v; want %v", name, got, err, want)
		}
		if path := (*fs.PathError)(nil); !errors.As(err, &path) || path.Path != filepath.Join(dir, name) {
			t.Errorf("the error %v doesn't name %s", err, filepath.Join(dir, name))
		}
	}
}

func TestOpenFolder(t *testing.T) {
	dir := folder(t)
	if err := os.Symlink("rules", dir+".link"); err != nil {
		t.Fatal(err)
	}
	f, err := inputfile.OpenFolder(dir + ".link")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Read("c.txt", 10); string(got) != "c" || err != nil {
		t.Errorf("through a link to the folder: %q, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{filepath.Join(dir, "a.txt"), dir + ".gone", os.DevNull} {
		if _, err := inputfile.OpenFolder(name); err == nil {
			t.Errorf("%s was opened as a folder", name)
		}
	}
}
