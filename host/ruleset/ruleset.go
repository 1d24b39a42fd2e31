// Package ruleset gathers what the CEL module is configured with: the embedded packs, the operator's rule files and
// tuning files, the context file, and the files that lists are read from.
package ruleset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
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
func Gather(o Options) (config enrich.Config, unread rulefile.Problems, err error) {
	if o.Builtin {
		if config.Files, err = Builtin(); err != nil {
			return config, nil, err
		}
		if !o.Tests {
			withoutTests(config.Files)
		}
	}
	for _, p := range append(append([]string(nil), o.Paths...), o.Tuning...) {
		files, problems, err := readOwn(p)
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
		data, err := readFile(os.DirFS(filepath.Dir(o.Context)), filepath.Base(o.Context), rulefile.MaxContext)
		if err != nil {
			return fmt.Errorf("read the context: %w", err)
		}
		config.Files = append(config.Files, enrich.File{Name: o.Context, Data: data})
		settings["context_file"] = o.Context
	}
	config.Files = append(config.Files, watchlists(config.Files)...)
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
	files, unread := walk(rules.FS, ".", func(name string) string { return rulefile.BuiltinPrefix + name })
	return files, unread.Err()
}

// watchlists reads the files that the lists of the given files name. One that can't be read is left out.
func watchlists(files []enrich.File) (out []enrich.File) {
	known := map[string]bool{}
	for _, f := range files {
		known[f.Name] = true
	}
	for _, f := range files {
		for _, name := range rulefile.References(f.Name, f.Data) {
			if known[name] {
				continue
			}
			known[name] = true
			fsys, inside := fs.FS(os.DirFS(filepath.Dir(name))), filepath.Base(name)
			if embedded, ok := strings.CutPrefix(name, rulefile.BuiltinPrefix); ok && strings.HasPrefix(f.Name, rulefile.BuiltinPrefix) {
				fsys, inside = rules.FS, embedded
			}
			if data, err := readFile(fsys, inside, rulefile.MaxWatchlist); err == nil {
				out = append(out, enrich.File{Name: name, Data: data})
			}
		}
	}
	return out
}

// readOwn is read for paths on the disk, whose files must not be taken for embedded ones.
func readOwn(p string) ([]enrich.File, rulefile.Problems, error) {
	if strings.HasPrefix(filepath.ToSlash(filepath.Clean(p))+"/", rulefile.BuiltinPrefix) {
		whole, err := filepath.Abs(p)
		if err != nil {
			return nil, nil, fmt.Errorf("look for rules: %w", err)
		}
		p = whole
	}
	return read(p)
}

// read reads the rule file p, or those in the directory p.
func read(p string) ([]enrich.File, rulefile.Problems, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, nil, fmt.Errorf("look for rules: %w", err)
	}
	if !info.IsDir() {
		data, err := readFile(os.DirFS(filepath.Dir(p)), filepath.Base(p), rulefile.MaxFileSize)
		if err != nil {
			return nil, nil, fmt.Errorf("read the rule file %s: %w", p, err)
		}
		return []enrich.File{{Name: p, Data: data}}, nil, nil
	}
	files, unread := walk(os.DirFS(p), ".", func(name string) string { return filepath.Join(p, name) })
	return files, unread, nil
}

// walk reads the rule files under root. Names that begin with a dot and directories called testdata are left out. What
// can't be read doesn't end the walk.
func walk(fsys fs.FS, root string, name func(string) string) (files []enrich.File, unread rulefile.Problems) {
	visit := func(p string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			unread = append(unread, unreadable(name(p), err))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() && p != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasPrefix(entry.Name(), ".") && linksToFolder(fsys, p, entry):
			unread = append(unread, unreadable(name(p), errLinkedFolder))
			return nil
		case entry.IsDir() || !isRuleFile(entry.Name()):
			return nil
		}
		data, err := readFile(fsys, p, rulefile.MaxFileSize)
		if err != nil {
			unread = append(unread, unreadable(name(p), err))
			return nil
		}
		files = append(files, enrich.File{Name: name(p), Data: data})
		return nil
	}
	if err := fs.WalkDir(fsys, root, visit); err != nil {
		unread = append(unread, unreadable(name(root), err))
	}
	return files, unread
}

// errLinkedFolder says that a folder was left out. It could lead anywhere, back to itself included, and must not be left
// out silently.
var errLinkedFolder = errors.New("a link to a folder is not followed: name the folder itself as a path of rules")

func linksToFolder(fsys fs.FS, p string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := fs.Stat(fsys, p)
	return err == nil && info.IsDir()
}

func isRuleFile(name string) bool {
	extension := path.Ext(name)
	return !strings.HasPrefix(name, ".") && (extension == ".yaml" || extension == ".yml")
}

// unreadable is the problem of a file or folder with its whole path, which is left out of what the system says.
func unreadable(name string, err error) rulefile.Problem {
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		err = failed.Err
	case errors.Is(err, errIrregular):
		err = errIrregular
	}
	return rulefile.Problem{
		Pos: rulefile.Pos{File: name}, Severity: rulefile.Error, Code: rulefile.CodeUnread,
		Message: fmt.Sprintf("can't be read: %v", err),
	}
}

// errIrregular is for pipes, devices and directories that are named like a rule file.
var errIrregular = errors.New("not a regular file")

// readFile reads a file, of a file that is larger than limit only so much that its reader can tell. Pipes and devices,
// which may have no end or no beginning, are refused.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %w", name, errIrregular)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return data, nil
}
