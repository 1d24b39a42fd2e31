package host_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesTests holds that the tests and scripts that SECURITY.md names are there: a threat whose test was renamed or
// deleted would still look held.
func TestSecurityNamesTests(t *testing.T) {
	page, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\b(?:(?:Test|Fuzz)[A-Z]\w+|\w+\.txtar)\b`).FindAllString(string(page), -1)
	if len(named) < 50 {
		t.Fatalf("only %d tests are named: is the table still there?", len(named))
	}
	there := testsBelow(t, "..")
	for _, name := range named {
		if !there[name] {
			t.Errorf("%s is named in SECURITY.md, and no test or script is called so", name)
		}
	}
}

// testsBelow are the names of all tests, fuzz targets and scripts below a folder.
func testsBelow(t *testing.T, dir string) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".txtar"):
			names[filepath.Base(path)] = true
		case strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			for _, m := range function.FindAllSubmatch(text, -1) {
				names[string(m[1])] = true
			}
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
