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

	root   string // the same in the namespace of the disk
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
	d := &Disk{root: dir, holder: c, stdin: stdin, Dir: filepath.Join("/proc", fmt.Sprint(c.Process.Pid), "root", dir)}
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

// Seal makes the disk read-only for whoever opens a file from now on, and Unseal undoes that. The kernel refuses to do it to
// files that are open for writing.
func (d *Disk) Seal() error {
	return d.within(`mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"`)
}

// Unseal undoes Seal.
func (d *Disk) Unseal() error { return d.within(`umount -l "$1"`) }

// within runs a script in the disk's namespace, with the disk's root there as $1.
func (d *Disk) within(script string) error {
	c := exec.Command("nsenter", "--target", fmt.Sprint(d.holder.Process.Pid), "--user", "--mount", "--preserve-credentials", "sh", "-c", script, "sh", d.root)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("change the mount of a small disk: %w: %s (install util-linux)", err, out)
	}
	return nil
}

// Close ends the disk, with all that is on it, once no process uses it any more.
func (d *Disk) Close() error { return errors.Join(d.stdin.Close(), d.holder.Wait()) }
