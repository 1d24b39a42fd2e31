package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoInUse holds that a second demonstration in the same directory leaves the first one's data alone.
func TestDemoInUse(t *testing.T) {
	d := demo{dir: filepath.Join(t.TempDir(), "out")}
	lock, err := d.prepare()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"riskrelay.yaml": demoHeader, "data/riskrelay.db": "the ledger"} {
		if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.prepare(); err == nil || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("the second one gets %v", err)
	}
	if _, err := os.Stat(d.path("data/riskrelay.db")); err != nil {
		t.Errorf("the first one's data: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = d.prepare()
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	defer lock.Close()
	if _, err := os.Stat(d.path("data")); !os.IsNotExist(err) {
		t.Errorf("the data of the one that ended: %v", err)
	}
}
