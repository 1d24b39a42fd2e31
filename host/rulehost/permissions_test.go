package rulehost

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// TestGuardedRules holds that rules which others may change are refused when they are read, with the reason, and that the
// set at work stays.
func TestGuardedRules(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "empty", "a.yaml")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Chmod(path, 0o646)); err != nil {
		t.Fatal(err)
	}
	for _, guarded := range []bool{false, true} {
		m := &Modules{guarded: guarded}
		set, err := ruleset.Load(ruleset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		set.Files = append(set.Files, enrich.File{Name: path}, enrich.File{Name: "builtin/a.yaml"})
		err = m.refuseOpen(ruleset.Options{Paths: []string{dir}}, set)
		if guarded != (err != nil) {
			t.Fatalf("guarded %v: %v", guarded, err)
		}
		if guarded && (!strings.Contains(err.Error(), "rules: "+path+" can be changed by every user (mode 0646") || strings.Contains(err.Error(), "builtin")) {
			t.Error(err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(path)
	if err := os.Chmod(folder, 0o707); err != nil {
		t.Fatal(err)
	}
	if got := Permissions(ruleset.Options{Paths: []string{dir}}, enrich.Config{}); len(got) != 1 || got[0].Path != folder {
		t.Errorf("a folder below, into which others may put rules: %v", got)
	}
}
