package file

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/durable"
)

// leastFree is how much room a disk should have, in bytes.
const leastFree = 1 << 30

// Check says whether the file can be written to. It neither makes nor writes it: made by somebody else, the host couldn't open
// it, and what is in it is somebody's events.
func Check(c Config) checkup.Report {
	r, who := new(checkup.Report), "this user"
	if u, err := user.Current(); err == nil {
		who = "user " + u.Username
	}
	if err := c.Validate(); err != nil {
		r.Problem("configuration", "correct it", "%v", err)
		return *r
	}
	directory := filepath.Dir(c.Path)
	if _, err := os.Stat(directory); errors.Is(err, fs.ErrNotExist) && durable.MayWriteIn(filepath.Dir(directory)) {
		r.OK("directory", "%s will be made with the first event", directory)
		return *r
	}
	if info, err := os.Stat(directory); err != nil || !info.IsDir() {
		r.Problem("directory", "make it, and let the host's user write to it", "%s is no directory", directory)
		return *r
	}
	if !durable.MayWriteIn(directory) {
		r.Problem("directory", "let the host's user write to it (chown, chmod; under systemd also ReadWritePaths)", "%s may not be written to by %s", directory, who)
		return *r
	}
	r.OK("directory", "%s may be written to by %s", directory, who)
	info, err := os.Stat(c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.OK("file", "%s will be made with the first event", c.Path)
	case err != nil:
		r.Problem("file", "correct path", "%v", err)
	case !info.Mode().IsRegular():
		r.Problem("file", "name a regular file: others can't be synced to the disk", "%s is no regular file", c.Path)
	case !durable.MayWrite(c.Path):
		r.Problem("file", "let the host's user read and write it", "%s may not be written to by %s", c.Path, who)
	default:
		r.OK("file", "%s may be written to, it has %d bytes", c.Path, info.Size())
	}
	room(r, directory)
	return *r
}

// room looks how much space is free.
func room(r *checkup.Report, directory string) {
	free, err := durable.Free(directory)
	if err != nil {
		r.Warn("space", "look with df", "the free space isn't known: %v", err)
		return
	}
	switch {
	case free == 0:
		r.Problem("space", "make room", "the disk of %s is full", directory)
	case free < leastFree:
		r.Warn("space", "make room", "%d MB are free", free>>20)
	default:
		r.OK("space", "%d GB are free", free>>30)
	}
}
