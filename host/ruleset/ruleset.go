// Package ruleset gathers what the CEL module is configured with: the embedded packs, the operator's rule files and
// tuning files, the context file, and the files that lists are read from.
package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/rules"
)

// Options say where rules come from.
type Options struct {
	Builtin bool      // take the embedded packs
	Tests   bool      // with the tests that they carry, which running rules don't need
	Paths   []string  // rule files, and directories of rule files with all that is below them
	Tuning  []string  // tuning files, and directories of them
	Context string    // context file; "" for none
	At      time.Time // pinned clock; zero for the wall clock
	// Informed is what modules know, a file each as enrich.Informer describes it; their names begin with
	// rulefile.InformedPrefix. It is put under the context.
	Informed []enrich.File
}

// Load reads all files once and returns them as a configuration for the CEL module. A file that is too large, or that a
// list names and nobody has, is left to the module, which knows the place of the mistake. The error is about a path of
// the options, or the disk.
func Load(o Options) (enrich.Config, error) {
	config, unread, err := Gather(o)
	if err == nil {
		err = unread.Err()
	}
	return config, err
}

// Gather is [Load] for those who want to see the problems of all files: a file or folder below a directory that can't be
// read is a problem with its whole path, and the others are read all the same.
func Gather(o Options) (config enrich.Config, unread diag.Problems, err error) {
	if o.Builtin {
		if config.Files, err = Builtin(); err != nil {
			return config, nil, err
		}
		if !o.Tests {
			withoutTests(config.Files)
		}
	}
	for _, p := range o.own() {
		files, problems, err := read(p)
		if err != nil {
			return config, nil, err
		}
		config.Files, unread = append(config.Files, files...), append(unread, problems...)
	}
	return config, unread, complete(&config, o)
}

// complete adds the context, the files of lists, and the settings.
func complete(config *enrich.Config, o Options) error {
	settings := map[string]any{}
	if o.Context != "" {
		data, err := upTo(rulefile.MaxContext, fileReader(o.Context))
		if err != nil {
			return fmt.Errorf("read the context (rules.context, or --context): %w", err)
		}
		config.Files = append(config.Files, enrich.File{Name: o.Context, Data: data})
		settings["context_file"] = o.Context
	}
	lists, unread := o.watchlists(config.Files)
	config.Files = append(config.Files, lists...)
	if len(unread) > 0 {
		settings["unread"] = unread
	}
	if len(o.Informed) > 0 {
		var names []string
		for _, f := range o.Informed {
			names = append(names, f.Name)
		}
		config.Files, settings["informed"] = append(config.Files, o.Informed...), names
	}
	if !o.At.IsZero() {
		settings["at"] = o.At.UTC().Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(settings) // JSON is YAML
	if err != nil {
		return fmt.Errorf("write the module's settings: %w", err)
	}
	config.Settings = text
	return nil
}

// Builtin are the embedded rule packs; their names begin with [rulefile.BuiltinPrefix].
func Builtin() ([]enrich.File, error) {
	w := walker{fsys: rules.FS, read: embedded, name: func(name string) string { return rulefile.BuiltinPrefix + name }}
	files, unread := w.walk()
	return files, unread.Err()
}

// read reads the rule file p, or those in the directory p.
func read(p string) ([]enrich.File, diag.Problems, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, nil, fmt.Errorf("look for rules: %w", err)
	}
	if !info.IsDir() {
		data, err := upTo(rulefile.MaxFileSize, fileReader(p))
		if err != nil {
			return nil, nil, fmt.Errorf("read the rule file: %w", err)
		}
		return []enrich.File{{Name: p, Data: data}}, nil, nil
	}
	folder, err := inputfile.OpenFolder(p)
	if err != nil {
		return nil, nil, fmt.Errorf("look for rules: %w", err)
	}
	defer folder.Close() //nolint:errcheck // it was only read
	w := walker{fsys: folder.FS(), read: folder.Read, name: func(name string) string { return filepath.Join(p, name) }}
	files, unread := w.walk()
	return files, unread, nil
}

// walker reads the rule files of a directory.
type walker struct {
	fsys fs.FS
	read func(name string, max int64) ([]byte, error)
	name func(string) string // what a file is called outside the directory
}

// walk reads the rule files. Names that begin with a dot and directories called testdata are left out. What can't be read
// doesn't end the walk.
func (w walker) walk() (files []enrich.File, unread diag.Problems) {
	const root = "."
	visit := func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			unread = append(unread, unreadable(w.name(p), err))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() && p != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasPrefix(entry.Name(), ".") && linksToFolder(w.name(p), entry):
			unread = append(unread, unreadable(w.name(p), errLinkedFolder))
			return nil
		case entry.IsDir() || !isRuleFile(entry.Name()):
			return nil
		}
		data, err := upTo(rulefile.MaxFileSize, func(max int64) ([]byte, error) { return w.read(p, max) })
		if err != nil {
			unread = append(unread, unreadable(w.name(p), err))
			return nil
		}
		files = append(files, enrich.File{Name: w.name(p), Data: data})
		return nil
	}
	if err := fs.WalkDir(w.fsys, root, visit); err != nil {
		unread = append(unread, unreadable(w.name(root), err))
	}
	return files, unread
}

// errLinkedFolder says that a folder was left out. It could lead anywhere, back to itself included, and must not be left
// out silently.
var errLinkedFolder = errors.New("a link to a folder is not followed: name the folder itself as a path of rules")

func linksToFolder(name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func isRuleFile(name string) bool {
	extension := path.Ext(name)
	return !strings.HasPrefix(name, ".") && (extension == ".yaml" || extension == ".yml")
}

// unreadable is the problem of a file or folder with its whole path, which is left out of what the system says.
func unreadable(name string, err error) diag.Problem {
	return diag.Problem{
		Pos: diag.Pos{File: name}, Severity: diag.Error, Code: rulefile.CodeUnread,
		Message: fmt.Sprintf("can't be read: %v", reason(err)),
	}
}

// reason is err without the path that it is about.
func reason(err error) error {
	if about := (*fs.PathError)(nil); errors.As(err, &about) {
		return about.Err
	}
	return err
}
