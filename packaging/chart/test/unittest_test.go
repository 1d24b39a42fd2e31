package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestUnittest runs helm-unittest, strictly, and holds that it ran each test of the chart.
func TestUnittest(t *testing.T) {
	path, err := tool("helm-unittest")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "--strict", "--color=false", chart).CombinedOutput()
	count := 0
	for _, s := range suites(t) {
		count += len(s.Tests)
	}
	if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d passed, %d total", count, count)) {
		t.Errorf("of %d tests: %v\n%s", count, err, out)
	}
}

// suite is a file of tests for helm-unittest.
type suite struct {
	name  string
	Tests []struct {
		It      string
		Asserts []map[string]struct{ Path string }
	}
}

func suites(t *testing.T) (all []suite) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chart, "tests", "*_test.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no tests", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := suite{name: file}
		if err := yaml.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// negative are the asserts that are true of a path that isn't there.
var negative = regexp.MustCompile(`^(not[A-Z].*|isNull.*|isEmpty|isNullOrEmpty)$`)

// lonely are the negative asserts of a suite whose path no positive assert of the suite has, so that a path with another name would
// make them true.
func (s suite) lonely() (all []string) {
	positive := map[string]bool{}
	for _, test := range s.Tests {
		for _, assert := range test.Asserts {
			for kind, about := range assert {
				if !negative.MatchString(kind) {
					positive[about.Path] = true
				}
			}
		}
	}
	for _, test := range s.Tests {
		for _, assert := range test.Asserts {
			for kind, about := range assert {
				if negative.MatchString(kind) && !positive[about.Path] {
					all = append(all, test.It+": "+kind+" "+about.Path)
				}
			}
		}
	}
	return all
}

// TestNegativeAsserts holds that each negative assert stands beside a positive one about the same path.
func TestNegativeAsserts(t *testing.T) {
	negatives := 0
	for _, s := range suites(t) {
		for _, found := range s.lonely() {
			t.Errorf("%s: %s", s.name, found)
		}
		for _, test := range s.Tests {
			for _, assert := range test.Asserts {
				for kind := range assert {
					if negative.MatchString(kind) {
						negatives++
					}
				}
			}
		}
	}
	if negatives == 0 {
		t.Error("no negative assert was seen")
	}
	var made suite
	if err := yaml.Unmarshal([]byte("tests: [{it: x, asserts: [{notExists: {path: a.b}}, {equal: {path: a.c}}]}]"), &made); err != nil {
		t.Fatal(err)
	}
	if got := made.lonely(); len(got) != 1 {
		t.Errorf("a lonely assert isn't seen: %v", got)
	}
}
