// Package smalldisk makes disks that tests can fill: file systems in memory, each in a mount namespace of its own, so that
// nobody else sees it and nothing is left of it.
package smalldisk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Disk is a file system of a fixed size.
type Disk struct {
	Dir string // its root, good for this process and those that it starts

	holder *exec.Cmd
	stdin  io.Closer
}

// New makes a disk of so many bytes below parent, an existing directory. It needs unshare (package util-linux) and either
// root or user namespaces; the error says what is missing.
func New(parent string, size int64) (*Disk, error) {
	dir, err := os.MkdirTemp(parent, "disk")
	if err != nil {
		return nil, fmt.Errorf("make a small disk: %w", err)
	}
	c := exec.Command("unshare", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size="$2" tmpfs "$1" && echo ready && exec cat`, "sh", dir, fmt.Sprint(size))
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make a small disk: %w", err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("make a small disk: %w", err)
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("make a small disk: %w (install util-linux)", err)
	}
	d := &Disk{holder: c, stdin: stdin, Dir: filepath.Join("/proc", fmt.Sprint(c.Process.Pid), "root", dir)}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("make a small disk: the mount failed (%q): run as root, or allow user namespaces", line), d.Close())
	}
	return d, nil
}

func (d *Disk) filler() string { return filepath.Join(d.Dir, "filler") }

// Fill writes until there is no room left.
func (d *Disk) Fill() error {
	f, err := os.OpenFile(d.filler(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("fill the disk: %w", err)
	}
	for block := make([]byte, 64<<10); ; {
		n, err := f.Write(block)
		switch {
		case errors.Is(err, syscall.ENOSPC) && n == 0 && len(block) == 1:
			return f.Close()
		case errors.Is(err, syscall.ENOSPC):
			block = block[:max(1, len(block)/2)]
		case err != nil:
			return errors.Join(fmt.Errorf("fill the disk: %w", err), f.Close())
		}
	}
}

// Free gives back what Fill took.
func (d *Disk) Free() error { return os.Remove(d.filler()) }

// Close ends the disk, with all that is on it, once no process uses it any more.
func (d *Disk) Close() error { return errors.Join(d.stdin.Close(), d.holder.Wait()) }
