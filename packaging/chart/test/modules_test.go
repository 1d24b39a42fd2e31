package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// moduleFolder is the folder of a module's files at a version, such as k8s.io/kubernetes v1.37.2, as the Go module proxy serves it and
// with the sum that testdata/modules.sum holds. They aren't in go.mod, which could name only one version, and nothing is compiled.
func moduleFolder(t *testing.T, path, version string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", path+"@"+version)
	command.Dir = t.TempDir()
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go mod download %s@%s: %v\n%s", path, version, err, out)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("testdata/modules.sum")
	if err != nil {
		t.Fatal(err)
	}
	if line := path + " " + version + " " + module.Sum; !strings.Contains("\n"+string(sums), "\n"+line+"\n") {
		t.Fatalf("%q isn't a line of testdata/modules.sum", line)
	}
	return module.Dir
}
