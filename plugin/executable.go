package plugin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
)

// executable is a program that may be started: a pinned one as a sealed copy, another as the file that it is.
type executable struct {
	path string
	copy *os.File // nil when the program isn't pinned

	running atomic.Pointer[program] // what runs, or ran last
}

// openExecutable checks the program at path: it must be absolute, so that no search path and no working directory
// decides what runs, and, when there is a digest, have that SHA-256. Without a digest nobody but its owner and group
// may be able to change or replace it.
func openExecutable(path, digest string) (*executable, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("module path %q is not absolute: write the whole path", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("find module: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return nil, fmt.Errorf("module %s is not an executable file (mode %v)", path, info.Mode())
	}
	if digest == "" {
		return &executable{path: path}, checkOpen(path, info)
	}
	f, err := sealed(path, digest)
	if err != nil {
		return nil, err
	}
	return &executable{path: path, copy: f}, nil
}

// checkOpen refuses a program that any user of the machine could swap for another.
func checkOpen(path string, info os.FileInfo) error {
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("module %s can be changed by every user: pin its SHA-256, or run chmod o-w on it", path)
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("find the folder of module: %w", err)
	}
	if dir.Mode().Perm()&0o002 != 0 && dir.Mode()&os.ModeSticky == 0 {
		return fmt.Errorf("module %s can be replaced by every user: pin its SHA-256, or run chmod o-w on its folder", path)
	}
	return nil
}

// command is the program with arguments and environment. A sealed copy is the child's file 3, and stays open there so
// that the interpreter of a script can read it, too.
func (e *executable) command(args, env []string) *exec.Cmd {
	cmd := exec.Command(e.path, args...) //nolint:noctx // it outlives every context; Close ends it
	if e.copy != nil {
		cmd.Path = "/proc/self/fd/3"
		cmd.ExtraFiles = []*os.File{e.copy}
	}
	cmd.Env = env
	cmd.Dir = "/"
	return cmd
}

func (e *executable) close() {
	if e.copy != nil {
		_ = e.copy.Close()
	}
}
