package peer

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// readers is the folder of the module of foreign readers.
func readers(t testing.TB) string {
	t.Helper()
	gomod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	return filepath.Join(filepath.Dir(strings.TrimSpace(string(gomod))), "host", "e2e", "readers")
}

// build returns a program that the module of foreign readers builds of the package. It is kept in the user's cache under a
// name made of the module's sources.
func build(t testing.TB, name, pkg string) string {
	t.Helper()
	source := readers(t)
	digest := sha256.New()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		digest.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	cache = filepath.Join(cache, "riskrelay")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(cache, fmt.Sprintf("%s-%x", name, digest.Sum(nil)[:8]))
	unlock, err := lockedfile.MutexAt(binary + ".lock").Lock() // tests run side by side, and building takes minutes
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	built := fmt.Sprintf("%s.%d", binary, os.Getpid())
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", built, pkg)
	command.Dir = source
	command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build %s in %s: %v\n%s", pkg, source, err, out)
	}
	if err := os.Rename(built, binary); err != nil { // at once, should this be killed
		t.Fatal(err)
	}
	return binary
}

// moduleVersion is the version of a module that the foreign readers are built with.
func moduleVersion(t testing.TB, path string) string {
	t.Helper()
	command := exec.Command("go", "list", "-m", "-f", "{{.Version}}", path)
	command.Dir = readers(t)
	command.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("ask for the version of %s: %v", path, err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}
