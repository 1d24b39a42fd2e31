package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/file"
)

// TestCheck holds what is said of files that can and can't be written to, and that nothing is made or changed.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	there, absent := filepath.Join(dir, "there"), filepath.Join(dir, "absent")
	if err := os.WriteFile(there, []byte("half a li"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		path   string
		failed bool
		want   string
	}{
		"it is there":       {there, false, "ok file: " + there + " may be written to, it has 9 bytes"},
		"it will be made":   {absent, false, "ok file: " + absent + " will be made with the first event"},
		"no directory":      {filepath.Join(absent, "below", "file"), true, "problem directory: " + filepath.Join(absent, "below") + " is no directory -> make it"},
		"it is made, too":   {filepath.Join(absent, "file"), false, "ok directory: " + absent + " will be made with the first event"},
		"it is a directory": {dir, true, "problem file: " + dir + " is no regular file"},
		"no path":           {"", true, "problem configuration: path: name the file"},
	}
	for name, test := range tests {
		c := file.Defaults()
		c.Path = test.path
		var text strings.Builder
		report := file.Check(c)
		for _, s := range report.Steps {
			fmt.Fprintf(&text, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
		}
		if report.Failed() != test.failed || !strings.Contains(text.String(), test.want) {
			t.Errorf("%s: failed %v\n%s", name, report.Failed(), text.String())
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "half a li" {
		t.Errorf("the file was changed: %q, %v", text, err)
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("a file was made")
	}
}
