package host

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// open makes a file that every user may change and read.
func open(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o646); err != nil {
		t.Fatal(err)
	}
	return path
}

// nameFiles gives every key of a configuration that ends with _file a file of its own, of lists in a first item.
func nameFiles(t *testing.T, dir, key string, v reflect.Value, files map[string]string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			nameFiles(t, dir, key+"."+name, v.Field(i), files)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		nameFiles(t, dir, key, v.Index(0), files)
	case reflect.String:
		if strings.HasSuffix(key, "_file") {
			files[key] = open(t, filepath.Join(dir, key))
			v.SetString(files[key])
		}
	}
}

// TestPermissionsOfFiles holds that every file that a configuration names is judged, and that all that hold secrets are
// safe from reading, too.
func TestPermissionsOfFiles(t *testing.T) {
	dir := t.TempDir()
	c, files := config.Defaults(), map[string]string{}
	nameFiles(t, dir, "", reflect.ValueOf(&c).Elem(), files)
	c.Directory.Enabled = true
	c.DataDir = filepath.Join(dir, "data", "later")
	files["data_dir"] = filepath.Dir(open(t, filepath.Join(dir, "data", "x")))
	if err := os.Chmod(files["data_dir"], 0o707); err != nil {
		t.Fatal(err)
	}
	c.Modules[0].Path = open(t, filepath.Join(dir, "program"))
	files["module"] = c.Modules[0].Path
	files["configuration"] = open(t, filepath.Join(dir, "riskrelay.yaml"))
	files["conf.d"] = open(t, filepath.Join(dir, "conf.d", "x.yaml"))
	found := map[string]ownership.Problem{}
	for _, p := range Permissions(c, files["configuration"]) {
		found[p.Path] = p
	}
	for key, path := range files {
		p, ok := found[path]
		public := strings.HasSuffix(key, "ca_file") || strings.HasSuffix(key, "cert_file") || strings.HasSuffix(key, "credential.token_file")
		secret := strings.HasSuffix(key, "_file") && !public
		if !ok || secret != strings.HasPrefix(p.What, "can be read") {
			t.Errorf("%s: %+v", key, p)
		}
	}
	if len(files) < 20 {
		t.Errorf("only %d files: %v", len(files), files)
	}
}

// TestGuardedRules holds that rules which others may change are refused when they are read, with the reason, and that the
// set at work stays.
func TestGuardedRules(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "empty", "a.yaml")
	open(t, path)
	for _, guarded := range []bool{false, true} {
		m := &modules{guarded: guarded}
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
	if got := RulePermissions(ruleset.Options{Paths: []string{dir}}, enrich.Config{}); len(got) != 1 || got[0].Path != folder {
		t.Errorf("a folder below, into which others may put rules: %v", got)
	}
}
