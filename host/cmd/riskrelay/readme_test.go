package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/config"
)

// TestReadme tries what the README tells people to write: the configuration is read, the rule is good and passes its tests.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var configuration, rule string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		switch {
		case strings.HasPrefix(block[1], "apiVersion:"):
			rule = block[1]
		case strings.HasPrefix(block[1], "sources:"):
			configuration = block[1]
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "riskrelay.yaml")
	if err := os.WriteFile(path, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	workspace := func(name string) (string, bool) {
		return "3f6a1c0e-5b7d-4e2a-9c41-0a8d2b6f7e13", name == "WORKSPACE_ID"
	}
	if c, err := config.Load(path, workspace); err != nil || len(c.Sinks.Names()) != 2 {
		t.Errorf("the configuration has the sinks %v: %v", c.Sinks.Names(), err)
	}
	path = filepath.Join(dir, "acme.yaml")
	if err := os.WriteFile(path, []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"lint": "1 rule: no problems\n", "test": "2 tests: 2 passed, 0 failed\n"} {
		var out, errs bytes.Buffer
		code := execute(t.Context(), []string{"rules", command, path}, streams{in: strings.NewReader(""), out: &out, err: &errs})
		if code != exitOK || !strings.HasSuffix(out.String(), want) {
			t.Errorf("rules %s: exit code %d\n%s%s", command, code, out.String(), errs.String())
		}
	}
}
