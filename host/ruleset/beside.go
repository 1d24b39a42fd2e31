package ruleset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/rules"
)

// Open returns the content of a file with the rows of a test, by the path of the rule file's folder joined with what
// the test says. Names that begin with [rulefile.BuiltinPrefix] are embedded, all others are on the disk, in a folder
// of rules that the options name.
func (o Options) Open(name string) ([]byte, error) {
	data, err := o.beside(name, rulefile.MaxTestRows)
	if err != nil {
		return nil, fmt.Errorf("read beside the rules: %w", err)
	}
	return data, nil
}

// watchlists reads the files that the lists of the given files name. One that isn't there is left out; unread says of
// the others why they can't be read.
func (o Options) watchlists(files []enrich.File) (out []enrich.File, unread map[string]string) {
	known := map[string]bool{}
	for _, f := range files {
		known[f.Name] = true
	}
	unread = map[string]string{}
	for _, f := range files {
		names, read := rulefile.References(f.Name, f.Data), o.beside
		if f.Name == o.Context { // the operator's own, whose lists may be anywhere
			names, read = rulefile.ContextReferences(f.Name, f.Data), inputfile.Read
		}
		for _, name := range names {
			if known[name] {
				continue
			}
			data, err := upTo(rulefile.MaxWatchlist, func(max int64) ([]byte, error) { return read(name, max) })
			switch {
			case err == nil:
				known[name] = true
				out = append(out, enrich.File{Name: name, Data: data})
			case !errors.Is(err, fs.ErrNotExist):
				unread[name] = reason(err).Error()
			}
		}
	}
	return out, unread
}

// beside reads a file that a rule file names, by a path that begins as the rule file's own does. Who wrote the rule file
// need not be the operator, so that nothing is read outside the folder of rules in which it lies.
func (o Options) beside(name string, max int64) ([]byte, error) {
	if inside, ok := strings.CutPrefix(name, rulefile.BuiltinPrefix); ok {
		return embedded(inside, max)
	}
	dir, inside, ok := o.folder(name)
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: inputfile.ErrOutside}
	}
	folder, err := inputfile.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Close() //nolint:errcheck // it was only read
	return folder.Read(inside, max)
}

// folder is the folder of rules below which name lies, and its path from there: a directory that the options name, or
// the directory of a file that they name.
func (o Options) folder(name string) (dir, inside string, ok bool) {
	for _, p := range o.own() {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			p = filepath.Dir(p)
		}
		if inside, err := filepath.Rel(p, name); err == nil && filepath.IsLocal(inside) {
			return p, inside, true
		}
	}
	return "", "", false
}

// own are the paths of the operator's rules.
func (o Options) own() (paths []string) {
	for _, p := range append(append([]string(nil), o.Paths...), o.Tuning...) {
		paths = append(paths, own(p))
	}
	return paths
}

// own is p, spelled so that what lies there isn't taken for embedded files.
func own(p string) string {
	if strings.HasPrefix(filepath.ToSlash(filepath.Clean(p))+"/", rulefile.BuiltinPrefix) {
		if whole, err := filepath.Abs(p); err == nil {
			return whole
		}
	}
	return p
}

// embedded is the content of an embedded file.
func embedded(name string, _ int64) ([]byte, error) { return fs.ReadFile(rules.FS, name) }

// fileReader reads a file that the operator named.
func fileReader(path string) func(max int64) ([]byte, error) {
	return func(max int64) ([]byte, error) { return inputfile.Read(path, max) }
}

// upTo is read(limit). Of a file that is larger it returns more bytes than that, zeros, as whoever parses the file says
// where it is, how much is allowed and what to do.
func upTo(limit int64, read func(max int64) ([]byte, error)) ([]byte, error) {
	data, err := read(limit)
	if errors.As(err, new(inputfile.TooLargeError)) {
		return make([]byte, limit+1), nil
	}
	return data, err
}
