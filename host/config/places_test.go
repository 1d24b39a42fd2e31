package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// TestProblemsHavePlaces holds that what is wrong with values that fit by themselves is told at their keys, together with
// what is wrong with the shape, over all files; and that nothing is told that only follows from another problem.
func TestProblemsHavePlaces(t *testing.T) {
	for _, test := range []struct {
		name, main, dropIn string
		want               []string
	}{
		{
			"values", "data_dir: d\nlog: {level: loud, format: text}\ndrain: -1s\nsources: {files: [f]}\nsinks:\n  file:\n    - {name: a, path: p}\n    - name: a\n      path: q\n",
			"",
			[]string{
				`riskrelay.yaml:2:7: C102 log: level: "loud" is none of error, warn, info, debug`,
				`riskrelay.yaml:3:1: C102 drain: -1s is less than nothing`,
				`riskrelay.yaml:5:1: C102 sinks: two sinks are called "a"`,
			},
		},
		{
			"in a drop-in file", "sources: {files: [f]}\nsinks: {file: [{name: a, path: p}]}\nmodules: [{name: m, path: /m, sha256: " + strings.Repeat("a", 64) + "}]\n",
			"modules:\n  - name: n\n    path: relative\n    sha256: short\n",
			[]string{
				"conf.d/x.yaml:3:5: C102 modules[1] n: path: \"relative\" is not an absolute path",
				"conf.d/x.yaml:4:5: C102 modules[1] n: sha256: pin the program with the output of `sha256sum`, 64 hexadecimal digits",
			},
		},
		{
			"with an unknown key and one of the wrong kind", "drian: 1s\nlog: {level: loud}\nsummary: [x]\nsources: {files: [f]}\nsinks: {file: [{name: a, path: p}]}\n",
			"",
			[]string{
				"riskrelay.yaml:1:1: C101 unknown key `drian`",
				`riskrelay.yaml:2:7: C102 log: level: "loud" is none of error, warn, info, debug`,
				"riskrelay.yaml:3:10: C102 want true or false",
			},
		},
		{
			"what follows isn't told", "sorces: {files: [f]}\nsinks: {file: [{name: a, pth: p}]}\ndrain: -1s\n",
			"",
			[]string{
				"riskrelay.yaml:1:1: C101 unknown key `sorces`",
				"riskrelay.yaml:2:26: C101 unknown key `pth`",
				"riskrelay.yaml:3:1: C102 drain: -1s is less than nothing",
			},
		},
		{"a key that no file gives", "sources: {files: [f]}\n", "", []string{
			"riskrelay.yaml: C102 sinks: name at least one of splunk_hec, sumo_logic, syslog, file",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			main := filepath.Join(dir, "riskrelay.yaml")
			write := func(name, text string) {
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(main, test.main)
			if test.dropIn != "" {
				write(filepath.Join(dir, "conf.d", "x.yaml"), test.dropIn)
			}
			_, err := Load(main, noEnv)
			var got []string
			for _, p := range problemsOf(t, err) {
				p.Pos.File = strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(p.Pos.File, dir)), "/")
				got = append(got, fmt.Sprintf("%s: %s %s", p.Pos, p.Code, p.Message))
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func problemsOf(t *testing.T, err error) diag.Problems {
	t.Helper()
	var problems diag.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("no problems: %v", err)
	}
	return problems
}

// TestCodesAreDocumented holds that each code says what to do.
func TestCodesAreDocumented(t *testing.T) {
	for _, c := range Codes() {
		if c.Title == "" || c.Explanation == "" || c.Example == "" || c.Fix == "" || c.Severity == "" {
			t.Errorf("%s: something is empty", c.Code)
		}
	}
}
