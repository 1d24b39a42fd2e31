// Package ruleset gathers what the CEL module is configured with: the embedded packs, the operator's rule files and
// the context file.
package ruleset

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/rules"
)

// Options say where rules come from.
type Options struct {
	Builtin bool      // take the embedded packs
	Paths   []string  // rule files, and directories of rule files with all that is below them
	Context string    // context file; "" for none
	At      time.Time // pinned clock; zero for the wall clock
}

// maxFile is above what the rule file parser takes, so that a larger file is its finding, with a clear message,
// and doesn't fill the memory first.
const maxFile = 8 << 20

// Load reads all files once and returns them as a configuration for the CEL module.
func Load(o Options) (enrich.Config, error) {
	var config enrich.Config
	if o.Builtin {
		files, err := Builtin()
		if err != nil {
			return config, err
		}
		config.Files = files
	}
	for _, p := range o.Paths {
		files, err := read(p)
		if err != nil {
			return config, err
		}
		config.Files = append(config.Files, files...)
	}
	settings := map[string]string{}
	if o.Context != "" {
		data, err := os.ReadFile(o.Context)
		if err != nil {
			return config, fmt.Errorf("read the context: %w", err)
		}
		config.Files = append(config.Files, enrich.File{Name: o.Context, Data: data})
		settings["context_file"] = o.Context
	}
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

// Builtin are the embedded rule packs; their names begin with "builtin/".
func Builtin() ([]enrich.File, error) {
	return walk(rules.FS, ".", func(name string) string { return path.Join("builtin", name) })
}

func read(p string) ([]enrich.File, error) {
	info, err := os.Stat(p)
	if err != nil {
		return nil, fmt.Errorf("look for rules: %w", err)
	}
	if !info.IsDir() {
		data, err := readFile(os.DirFS(filepath.Dir(p)), filepath.Base(p))
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
		data, err := readFile(fsys, p)
		files = append(files, enrich.File{Name: name(p), Data: data})
		return err
	})
	return files, err
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read a rule file: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("read a rule file: %s has %d bytes, the most is %d", name, info.Size(), maxFile)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read a rule file: %w", err)
	}
	return data, nil
}
