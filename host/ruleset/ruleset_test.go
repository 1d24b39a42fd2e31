package ruleset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// write makes files in a new directory and goes there.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const head = "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\n"

// TestLoad finds rules, tuning, context, and the files that lists name, each once; a list whose file is missing is left to
// whoever knows its place.
func TestLoad(t *testing.T) {
	write(t, map[string]string{
		"rules/a.yaml":          head + "lists: [{name: a, file: w/a.csv, column: x}, {name: b, file: w/b.yaml}, {name: c, file: gone.txt}]",
		"rules/w/a.csv":         "x\n1\n",
		"rules/w/b.yaml":        "[x]",
		"rules/w/unused.csv":    "x\n",
		"rules/.hidden.yaml":    "x",
		"rules/testdata/x.yaml": "x",
		"one.yml":               head,
		"tuning/t.yaml":         "kind: Tuning",
		"ctx/context.yaml":      "lists: {vips: {file: vips.txt}}",
		"ctx/vips.txt":          "ann\n",
	})
	config, err := ruleset.Load(ruleset.Options{Paths: []string{"rules", "one.yml"}, Tuning: []string{"tuning"}, Context: "ctx/context.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range config.Files {
		names = append(names, f.Name)
	}
	want := []string{"rules/a.yaml", "rules/w/b.yaml", "one.yml", "tuning/t.yaml", "ctx/context.yaml", "rules/w/a.csv", "ctx/vips.txt"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if string(config.Settings) != `{"context_file":"ctx/context.yaml"}` {
		t.Errorf("settings %s", config.Settings)
	}
	_, problems := rulefile.Load(config)
	if text := problems.Error(); !strings.Contains(text, "the file `gone.txt` of the list can't be found") || strings.Count(text, "R113") != 1 {
		t.Errorf("problems %v", problems)
	}
}

func TestLargeAndOddFiles(t *testing.T) {
	write(t, map[string]string{"large.yaml": strings.Repeat("#", rulefile.MaxFileSize+2), "dir.yaml/x": ""})
	config, err := ruleset.Load(ruleset.Options{Paths: []string{"large.yaml"}})
	if err != nil || len(config.Files[0].Data) != rulefile.MaxFileSize+1 {
		t.Errorf("a large file: %v, %d bytes", err, len(config.Files[0].Data))
	}
	if err := os.Symlink("gone.yaml", "dangling.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("dir.yaml", "linked.yaml"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"gone": "gone", "dangling.yaml": "dangling.yaml"} {
		if _, err := ruleset.Load(ruleset.Options{Paths: []string{path}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := ruleset.Load(ruleset.Options{Paths: []string{"."}}); err == nil || !strings.Contains(err.Error(), "dangling.yaml") {
		t.Errorf("a directory with a dangling link: %v", err)
	}
}

// TestBuiltin holds that the embedded packs can be read without anything beside them.
func TestBuiltin(t *testing.T) {
	config, err := ruleset.Load(ruleset.Options{Builtin: true})
	if err != nil || len(config.Files) < 20 || !strings.HasPrefix(config.Files[0].Name, "builtin/") {
		t.Fatalf("%d files, %v", len(config.Files), err)
	}
}

// TestUnreadable holds that one file that can't be read is a problem with its whole path, and hides no other file; who
// wants rules that run gets an error.
func TestUnreadable(t *testing.T) {
	write(t, map[string]string{"rules/a.yaml": head, "rules/sub/z.yaml": head, "rules/dir.yaml/x": ""})
	for name, to := range map[string]string{"rules/b.yaml": "gone.yaml", "rules/sub/c.yml": "../dir.yaml"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	config, unread, err := ruleset.Gather(ruleset.Options{Paths: []string{"rules"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range config.Files {
		got = append(got, f.Name)
	}
	for _, p := range unread {
		got = append(got, p.Error())
	}
	want := []string{
		"rules/a.yaml", "rules/sub/z.yaml",
		"rules/b.yaml: error[R114]: can't be read: no such file or directory",
		"rules/sub/c.yml: error[R114]: can't be read: a link to a folder is not followed: name the folder itself as a path of rules",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("files and problems (-want +got):\n%s", d)
	}
	if _, err := ruleset.Load(ruleset.Options{Paths: []string{"rules"}}); err == nil || !strings.Contains(err.Error(), "rules/sub/c.yml") {
		t.Errorf("Load: %v", err)
	}
	if _, err := ruleset.Load(ruleset.Options{Paths: []string{"rules/sub/c.yml", "rules"}}); err == nil {
		t.Error("a directory that is named like a file was taken")
	}
}
