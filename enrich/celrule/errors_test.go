package celrule_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), run the test with -update if it is right:\n%s", path, diff)
	}
}

// TestProblems pins all messages for rule authors: one file with every mistake, one run.
func TestProblems(t *testing.T) {
	var files []enrich.File
	for _, name := range []string{"broken.yaml", "broken2.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, enrich.File{Name: name, Data: data})
	}
	m := configured(t, "", pack(credentialRule))
	before, _ := m.Describe(context.Background())
	err := m.Configure(context.Background(), enrich.Config{Files: files})
	if err == nil {
		t.Fatal("the broken files were accepted")
	}
	golden(t, "broken.txt", err.Error()+"\n")
	after, _ := m.Describe(context.Background())
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a refused configuration changed the module:\n%s", diff)
	}
	files[0], files[1] = files[1], files[0]
	if again := celrule.New().Configure(context.Background(), enrich.Config{Files: files}); again == nil || again.Error() != err.Error() {
		t.Errorf("the order of files changes the problems:\n%v", again)
	}
}
