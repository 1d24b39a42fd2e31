//go:build unix

package ruleset_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// hush stands in files outside the rules, and mustn't be read.
const hush = "not-for-rules"

// link makes symbolic links by their names.
func link(t *testing.T, pairs map[string]string) {
	t.Helper()
	for name, to := range pairs {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConfinedLists holds that lists are read from files below the directory of rules, through links inside it, and from
// nowhere else; what is refused is named with the reason, and nothing that it holds is among the files.
func TestConfinedLists(t *testing.T) {
	write(t, map[string]string{
		"secret.txt": hush, "rules/..1/vips.txt": "ann\n", "rules/sub/near.txt": "bob\n",
		"rules/sub/a.yaml": head + "lists: [{name: a, file: near.txt}, {name: b, file: up.txt}, {name: c, file: ../../secret.txt}, " +
			"{name: d, file: out.txt}, {name: e, file: pipe.txt}, {name: f, file: device.txt}, {name: g, file: gone.txt}]",
		"rules/odd.yaml": "lists: {x: {file: ../secret.txt}, y: {file: " + os.DevNull + "}}", // only looks like a context
	})
	link(t, map[string]string{
		"rules/..data": "..1", "rules/vips.txt": "..data/vips.txt", "rules/sub/up.txt": "../vips.txt",
		"rules/sub/out.txt": "../../secret.txt", "rules/sub/device.txt": os.DevNull,
	})
	if err := syscall.Mkfifo("rules/sub/pipe.txt", 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := ruleset.Load(ruleset.Options{Paths: []string{"rules"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range config.Files {
		names = append(names, f.Name)
		if strings.Contains(string(f.Data), hush) {
			t.Errorf("%s holds what must not be read", f.Name)
		}
	}
	want := []string{"rules/odd.yaml", "rules/sub/a.yaml", "rules/sub/near.txt", "rules/sub/up.txt"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	_, problems := rulefile.Load(config)
	for _, want := range []string{
		"the file `out.txt` of the list can't be read: leads out of its folder",
		"the file `device.txt` of the list can't be read: leads out of its folder",
		"the file `pipe.txt` of the list can't be read: not a regular file",
		"the file `gone.txt` of the list can't be found",
	} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("no problem says %q:\n%v", want, problems)
		}
	}
	if text := problems.Error(); strings.Contains(text, hush) || strings.Count(text, "R113") != 4 {
		t.Errorf("problems %v", problems)
	}
}

// TestConfinedRuleFiles holds that a rule file that is a link out of its directory isn't read, and one that the operator
// names is.
func TestConfinedRuleFiles(t *testing.T) {
	write(t, map[string]string{"elsewhere/a.yaml": head, "elsewhere/l.txt": "x", "rules/b.yaml": head})
	link(t, map[string]string{"rules/a.yaml": "../elsewhere/a.yaml", "named.yaml": "elsewhere/a.yaml", "linked": "elsewhere"})
	_, err := ruleset.Load(ruleset.Options{Paths: []string{"rules"}})
	if err == nil || !strings.Contains(err.Error(), "rules/a.yaml: error[R114]: can't be read: leads out of its folder") {
		t.Errorf("a link out of the directory: %v", err)
	}
	for _, path := range []string{"named.yaml", "linked", "linked/a.yaml"} {
		if config, err := ruleset.Load(ruleset.Options{Paths: []string{path}}); err != nil || len(config.Files) != 1 {
			t.Errorf("%s: %d files, %v", path, len(config.Files), err)
		}
	}
}

// TestOperatorsLists holds that lists of the context file may be anywhere, but must be regular files.
func TestOperatorsLists(t *testing.T) {
	write(t, map[string]string{"lists/l.txt": "ann\n"})
	whole, err := filepath.Abs("lists/l.txt")
	if err != nil {
		t.Fatal(err)
	}
	context := "lists: {a: {file: " + whole + "}, b: {file: lists/../lists/l.txt}, c: {file: " + os.DevNull + "}}"
	if err := os.WriteFile("context.yaml", []byte(context), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := ruleset.Load(ruleset.Options{Context: "context.yaml"})
	if err != nil || len(config.Files) != 3 {
		t.Fatalf("%d files, %v", len(config.Files), err)
	}
	_, problems := rulefile.Load(config)
	if len(problems) != 1 || !strings.Contains(problems.Error(), "`"+os.DevNull+"` of the list can't be read: not a regular file") {
		t.Errorf("problems %v", problems)
	}
}

// TestOpen holds what tests inside rule files may read rows from, whatever the options call the rules.
func TestOpen(t *testing.T) {
	write(t, map[string]string{
		"secret.ndjson": hush, "rules/a.yaml": head, "rules/testdata/rows.ndjson": "{}", "rules/large.ndjson": strings.Repeat(" ", rulefile.MaxTestRows+1),
		"alone.yaml": head, "testdata/rows.ndjson": "{}",
	})
	link(t, map[string]string{
		"rules/in.ndjson": "testdata/rows.ndjson", "rules/out.ndjson": "../secret.ndjson", "rules/device.ndjson": "/dev/zero", "linked": "rules",
	})
	if err := syscall.Mkfifo("rules/pipe.ndjson", 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := (ruleset.Options{Paths: []string{"."}}).Open("rules/out.ndjson"); err != nil || string(data) != hush {
		t.Errorf("inside the wider directory: %q, %v", data, err)
	}
	for _, test := range []struct{ path, name, want string }{
		{"rules", "rules/testdata/rows.ndjson", ""},
		{"./rules/", "rules/in.ndjson", ""},
		{"rules/a.yaml", "rules/in.ndjson", ""},
		{"linked", "linked/in.ndjson", ""},
		{"alone.yaml", "testdata/rows.ndjson", ""},
		{"rules", "rules/out.ndjson", inputfile.ErrOutside.Error()},
		{"rules", "rules/../secret.ndjson", inputfile.ErrOutside.Error()},
		{"rules", "secret.ndjson", inputfile.ErrOutside.Error()},
		{"rules", "/dev/zero", inputfile.ErrOutside.Error()},
		{"rules", "rules/device.ndjson", inputfile.ErrOutside.Error()},
		{"rules", "rules/pipe.ndjson", inputfile.ErrNotRegular.Error()},
		{"rules", "rules/large.ndjson", inputfile.TooLargeError{Max: rulefile.MaxTestRows}.Error()},
		{"rules", "rules/gone.ndjson", "no such file"},
	} {
		data, err := ruleset.Options{Paths: []string{test.path}}.Open(test.name)
		if test.want == "" && (err != nil || string(data) != "{}") || test.want != "" && (err == nil || len(data) > 0 || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s of %s: %.20q, %v; want %q", test.name, test.path, data, err, test.want)
		}
	}
}
