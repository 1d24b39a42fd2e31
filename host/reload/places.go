package reload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links a path may lead through, as on Linux (path_resolution(7)).
const maxLinks = 40

// places are what a change must touch to matter. They are found as the system finds a file: component by component,
// through every symbolic link on the way, since a swap of any of them puts other files under the same path.
//
//	rules -> ..data/rules      all names that are passed (rules, ..data, ..1, ..1/rules) matter,
//	..data -> ..1              and the directories that hold them are watched
type places struct {
	add   func(dir string) error
	dirs  map[string]bool // those that are watched, or can't be
	names map[string]bool // without symbolic links in what leads to them
	trees []string        // directories of which everything matters
	errs  []error
}

// tree takes in a path and, when it is a directory, all that is below it.
func (p *places) tree(path string) {
	top, found := p.follow(path)
	if !found {
		return
	}
	p.trees = append(p.trees, top)
	err := filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // it is gone or closed to us; whoever reads the files says so
		case entry.IsDir():
			p.watch(name, true)
		case entry.Type()&fs.ModeSymlink != 0:
			p.follow(name)
		}
		return nil
	})
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("watch %s: %w", path, err))
	}
}

// follow goes along an absolute path and returns where it ends; found is false when something is missing on the way.
// What is missing matters as much: it may come.
func (p *places) follow(path string) (end string, found bool) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest := root, components(path[len(root)-1:])
	for links := 0; len(rest) > 0; {
		name := filepath.Join(at, rest[0]) // ".." leads out of a directory, as no part of at is a link
		rest = rest[1:]
		p.names[name] = true
		p.watch(filepath.Dir(name), len(rest) == 0)
		info, err := os.Lstat(name)
		if err != nil {
			p.watch(at, true)
			return "", false
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = name
			continue
		}
		p.watch(at, true)
		target, err := os.Readlink(name)
		if links++; err != nil || links > maxLinks {
			return "", false
		}
		if filepath.IsAbs(target) {
			at = root
		}
		rest = append(components(target), rest...)
	}
	return at, true
}

// components are the names in a path.
func components(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// watch has the system watch a directory, before anybody looks into it, so that nothing comes between. A directory that
// merely lies above others is watched as far as we may: whoever can pass through it needn't be able to list it.
func (p *places) watch(dir string, must bool) {
	if known, ok := p.dirs[dir]; ok && (known || !must) {
		return
	}
	p.dirs[dir] = must
	err := p.add(dir)
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	if err != nil && !gone && (must || !errors.Is(err, fs.ErrPermission)) {
		p.errs = append(p.errs, fmt.Errorf("watch %s: %w", dir, err))
	}
}

// concern reports whether a change of name matters.
func (p *places) concern(name string) bool {
	if p.names[name] {
		return true
	}
	for _, top := range p.trees {
		if name == top || strings.HasPrefix(name, strings.TrimSuffix(top, string(filepath.Separator))+string(filepath.Separator)) {
			return true
		}
	}
	return false
}
