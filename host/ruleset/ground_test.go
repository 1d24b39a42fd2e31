package ruleset_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// TestAbout holds that the embedded packs are ground under paths, and the subject without.
func TestAbout(t *testing.T) {
	for name, c := range map[string]struct {
		options         ruleset.Options
		builtin, ground bool
	}{
		"no paths":       {ruleset.About(nil, false), true, false},
		"paths":          {ruleset.About([]string{"x"}, false), true, true},
		"paths alone":    {ruleset.About([]string{"x"}, true), false, true},
		"only tuning":    {ruleset.Options{Builtin: true, Tuning: []string{"x"}}, true, true},
		"only a context": {ruleset.Options{Builtin: true, Context: "x"}, true, false},
	} {
		if c.options.Builtin != c.builtin || c.options.Ground("builtin/a.yaml") != c.ground || c.options.Ground("a/builtin/a.yaml") {
			t.Errorf("%s: %+v", name, c.options)
		}
	}
}

// TestSaid holds that warnings about ground are left out, and errors in it are not.
func TestSaid(t *testing.T) {
	problem := func(file string, severity diag.Severity) diag.Problem {
		return diag.Problem{Pos: diag.Pos{File: file}, Severity: severity}
	}
	own, theirs, broken := problem("a.yaml", diag.Warning), problem("builtin/a.yaml", diag.Warning), problem("builtin/a.yaml", diag.Error)
	got := ruleset.About([]string{"x"}, false).Said(diag.Problems{own, theirs, broken})
	if d := cmp.Diff(diag.Problems{own, broken}, got); d != "" {
		t.Errorf("about paths (-want +got):\n%s", d)
	}
	if got := ruleset.About(nil, false).Said(diag.Problems{theirs}); len(got) != 1 {
		t.Errorf("about the embedded packs: %v", got)
	}
}

// TestFolderCalledBuiltin holds that files of a folder called builtin aren't taken for embedded ones.
func TestFolderCalledBuiltin(t *testing.T) {
	write(t, map[string]string{"builtin/a.yaml": head + "lists: [{name: a, file: l.txt}]", "builtin/l.txt": "x\n"})
	for _, path := range []string{"builtin", "./builtin", "builtin/a.yaml"} {
		config, err := ruleset.Load(ruleset.About([]string{path}, true))
		if err != nil || len(config.Files) != 2 {
			t.Fatalf("%s: %d files, %v", path, len(config.Files), err)
		}
		for _, f := range config.Files {
			if !filepath.IsAbs(f.Name) {
				t.Errorf("%s: the name %s is an embedded file's", path, f.Name)
			}
		}
	}
}

func TestContextFiles(t *testing.T) {
	write(t, map[string]string{"c/context.yaml": "lists: {a: {file: a.txt}, b: [x]}"})
	for name, want := range map[string][]string{
		"": nil, "gone.yaml": {"gone.yaml"}, "c/context.yaml": {"c/context.yaml", "c/a.txt"},
	} {
		if got := ruleset.ContextFiles(name); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
