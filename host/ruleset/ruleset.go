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
	Paths   []string  // rule files, and directories of rule files with all that is below them
	Tuning  []string  // tuning files, and directories of them
	Context string    // context file; "" for none
	At      time.Time // pinned clock; zero for the wall clock
}

// Load reads all files once and returns them as a configuration for the CEL module. A file that is too large, or that a
// list names and nobody has, is left to the module, which knows the place of the mistake. The error is about a path of
// the options, or the disk.
func Load(o Options) (enrich.Config, error) {
	var config enrich.Config
	if o.Builtin {
		files, err := Builtin()
		if err != nil {
			return config, err
		}
		config.Files = files
	}
	for _, p := range append(append([]string(nil), o.Paths...), o.Tuning...) {
		files, err := read(p)
		if err != nil {
			return config, err
		}
		config.Files = append(config.Files, files...)
	}
	settings := map[string]string{}
	if o.Context != "" {
		data, err := readFile(os.DirFS(filepath.Dir(o.Context)), filepath.Base(o.Context), rulefile.MaxContext)
		if err != nil {
			return config, fmt.Errorf("read the context: %w", err)
		}
		config.Files = append(config.Files, enrich.File{Name: o.Context, Data: data})
		settings["context_file"] = o.Context
	}
	config.Files = append(config.Files, watchlists(config.Files)...)
	if !o.At.IsZero() {
		settings["at"] = o.At.UTC().Format(time.RFC3339Nano)
	}
	text, err := json.Marshal(settings) // JSON is YAML
	if err != nil {
		return config, fmt.Errorf("write the module's settings: %w", err)
	}
	config.Settings = text
	return config, nil
}

// builtinDir begins the names of the embedded files.
const builtinDir = "builtin"

// Builtin are the embedded rule packs; their names begin with "builtin/".
func Builtin() ([]enrich.File, error) {
	return walk(rules.FS, ".", func(name string) string { return path.Join(builtinDir, name) })
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
			if embedded, ok := strings.CutPrefix(name, builtinDir+"/"); ok && strings.HasPrefix(f.Name, builtinDir+"/") {
				fsys, inside = rules.FS, embedded
			}
			if data, err := readFile(fsys, inside, rulefile.MaxWatchlist); err == nil {
				out = append(out, enrich.File{Name: name, Data: data})
			}
		}
	}
	return out
}

func read(p string) ([]enrich.File, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, fmt.Errorf("look for rules: %w", err)
	}
	if !info.IsDir() {
		data, err := readFile(os.DirFS(filepath.Dir(p)), filepath.Base(p), rulefile.MaxFileSize)
		return []enrich.File{{Name: p, Data: data}}, err
	}
	return walk(os.DirFS(p), ".", func(name string) string { return filepath.Join(p, name) })
}

// walk reads the rule files under root. Names that begin with a dot and directories called testdata are left out.
func walk(fsys fs.FS, root string, name func(string) string) (files []enrich.File, err error) {
	err = fs.WalkDir(fsys, root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("look for rules: %w", err)
		}
		hidden := p != root && strings.HasPrefix(entry.Name(), ".")
		if entry.IsDir() {
			if hidden || entry.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if extension := path.Ext(p); hidden || extension != ".yaml" && extension != ".yml" {
			return nil
		}
		data, err := readFile(fsys, p, rulefile.MaxFileSize)
		files = append(files, enrich.File{Name: name(p), Data: data})
		return err
	})
	return files, err
}

// readFile reads a file, of a file that is larger than limit only so much that its reader can tell. Pipes and devices,
// which may have no end or no beginning, are refused.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read a rule file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read a rule file: %s is not a regular file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read a rule file: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read a rule file: %w", err)
	}
	return data, nil
}
