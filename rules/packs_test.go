package rules_test

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/rules"
)

// twoPacks are the folders as they look with a second pack beside applications, and files that belong to none.
func twoPacks() fstest.MapFS {
	return fstest.MapFS{
		"README.md": {}, "attack.csv": {}, "lists/roles.yaml": {}, "testdata/kept.txt": {},
		"applications/guide.csv":              {Data: []byte("row,section,title,risk,where\na,consent,A,high,there\na/b,consent,B,high,\n")},
		"applications/compare.csv":            {},
		"applications/consent/user.yaml":      {},
		"applications/consent/rows/x.ndjson":  {},
		"users/guide.csv":                     {Data: []byte("risk,where,title,section,row\nlow,here,C,signins,c\n")},
		"users/signins/brute-force.yaml":      {},
		"users/signins/rows/many/long.ndjson": {},
	}
}

// TestASecondPack holds that a folder is all that a pack takes: its files are embedded and its guide is read beside the others.
func TestASecondPack(t *testing.T) {
	rows, err := rules.Guide(twoPacks())
	if err != nil {
		t.Fatal(err)
	}
	want := []rules.Row{
		{Pack: "applications", Slug: "a", Section: "consent", Title: "A", Risk: "high", Where: "there"},
		{Pack: "applications", Slug: "a/b", Section: "consent", Title: "B", Risk: "high"},
		{Pack: "users", Slug: "c", Section: "signins", Title: "C", Risk: "low", Where: "here"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var embedded []string
	for _, pattern := range embedPatterns(t) {
		found, err := fs.Glob(twoPacks(), pattern)
		if err != nil {
			t.Fatal(err)
		}
		embedded = append(embedded, found...)
	}
	slices.Sort(embedded)
	var belong []string
	for _, name := range slices.Sorted(maps.Keys(twoPacks())) {
		if i := strings.Index(name, "/rows/"); i >= 0 {
			name = name[:i+len("/rows")] // embedded with all below it
		}
		if name != "README.md" && !strings.HasPrefix(name, "testdata") && !strings.HasSuffix(name, "compare.csv") {
			belong = append(belong, name)
		}
	}
	if diff := cmp.Diff(belong, embedded); diff != "" {
		t.Errorf("embedded (-want +got):\n%s", diff)
	}
}

// embedPatterns are those of the go:embed line.
func embedPatterns(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("embed.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(source), "//go:embed ")
	if !found {
		t.Fatal("nothing is embedded")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Fields(line)
}

// TestGuideIsRefused holds that a guide without a column is an error that names the file.
func TestGuideIsRefused(t *testing.T) {
	for _, text := range []string{"", "row,section,title,risk\n", "row,section,title,risk,where\na\n"} {
		_, err := rules.Guide(fstest.MapFS{"users/guide.csv": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "users/guide.csv") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
