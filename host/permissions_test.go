package host

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/ownership"
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
