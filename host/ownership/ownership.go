// Package ownership judges who else may change the files that riskrelay trusts, and read those that are secret. Whoever may
// write a rule, or a folder above it, decides what is an alarm; whoever may read a token may speak for this host.
//
// A path is judged as the system follows it: every folder from the root on, through every symbolic link. Trusted are root,
// the user of this process, and the groups that this process belongs to. A group may read a secret only where that is how this
// process reads it: when the file is another user's, as root's that was given to the group. On systems without owners and modes
// nothing is said.
package ownership

import (
	"fmt"
	"io/fs"
	"strings"
)

// Need is what a file must be safe from.
type Need int

// A file that must be safe from reading must be so from writing, too.
const (
	FromWriting Need = iota // nobody else may change it or put another in its place
	FromReading             // nor read it
)

// Path is what shall be judged: a file, or a folder for what lies right in it.
type Path struct {
	Key  string // what names it, for messages: a key of the configuration or a flag
	Name string
	Need Need
	Kept bool // this process writes there
}

// Paths are what shall be judged, as [Judge] takes them. The empty name is no path.
type Paths []Path

// Trusted adds what others may not change; key is what names it.
func (p *Paths) Trusted(key string, names ...string) { p.add(key, FromWriting, names) }

// Secret adds what others may not read, either.
func (p *Paths) Secret(key string, names ...string) { p.add(key, FromReading, names) }

func (p *Paths) add(key string, need Need, names []string) {
	for _, name := range names {
		if name != "" {
			*p = append(*p, Path{Key: key, Name: name, Need: need})
		}
	}
}

// Problem says that others may do to a path what only riskrelay and root should.
type Problem struct {
	Key          string // what named a path that leads through Path
	Path         string // absolute
	Need         Need   // what Path had to be safe from
	What         string // what others may do: "can be changed by every user"
	Mode         fs.FileMode
	Owner, Group string // names, or numbers where there are none
	Mend         string // the command for the shell that ends it; "" on a mount that can't be written to
}

// Error names the path, its mode and owner, and the command that mends it.
func (p Problem) Error() string {
	mend := "run " + p.Mend
	if p.Mend == "" {
		mend = "mount it with mode 0400, or 0440 for a group of riskrelay's user (defaultMode in Kubernetes)"
	}
	return fmt.Sprintf("%s: %s %s (mode %04o, owner %s, group %s): %s", p.Key, p.Path, p.What, unixMode(p.Mode), p.Owner, p.Group, mend)
}

// Problems are those of several paths, each once.
type Problems []Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each problem.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i := range p {
		errs[i] = p[i]
	}
	return errs
}

// Err is p as an error, nil when there are no problems.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// unixMode is a mode as chmod takes it.
func unixMode(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for bit, is := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&is != 0 {
			bits |= bit
		}
	}
	return bits
}
