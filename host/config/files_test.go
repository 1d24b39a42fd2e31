package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/inputfile"
)

// TestConfigurationFiles holds that the configuration and what is dropped in beside it are regular files of a bounded
// size.
func TestConfigurationFiles(t *testing.T) {
	dir := t.TempDir()
	path, dropIn := filepath.Join(dir, "riskrelay.yaml"), filepath.Join(dir, "conf.d", "x.yaml")
	if err := os.Mkdir(filepath.Dir(dropIn), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(os.DevNull, noEnv); !errors.Is(err, inputfile.ErrNotRegular) {
		t.Errorf("a device: %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("#", inputfile.MaxConfig+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, noEnv); !errors.Is(err, inputfile.TooLargeError{Max: inputfile.MaxConfig}) {
		t.Errorf("a large file: %v", err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, dropIn); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, noEnv); !errors.Is(err, inputfile.ErrNotRegular) || !strings.Contains(err.Error(), dropIn) {
		t.Errorf("a device dropped in: %v", err)
	}
}

// TestLoadOver holds that other defaults count only where no file says anything else.
func TestLoadOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "riskrelay.yaml")
	defaults := Defaults()
	defaults.DataDir = "/checkpoints/main"
	for text, want := range map[string]string{"": "/checkpoints/main", "data_dir: /var/lib/riskrelay\n": "/var/lib/riskrelay"} {
		text += "sources: {files: [rows.ndjson]}\nsinks: {file: [{name: disk, path: out.ndjson}]}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := LoadOver(defaults, path, noEnv); err != nil || c.DataDir != want || c.Drain != Defaults().Drain {
			t.Errorf("%q: %s, %v", text, c.DataDir, err)
		}
	}
}
