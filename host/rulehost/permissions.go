package rulehost

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/host/ownership"
	"github.com/riskrelay/riskrelay/host/ruleset"
)

// Permissions says what others than root and this process's user and groups may do to rules: to the paths of o, the folders below them, where rule files could be
// added, and the files that set was loaded from.
func Permissions(o ruleset.Options, set enrich.Config) ownership.Problems {
	p := ownership.Paths{}
	for _, path := range o.Paths {
		p.Trusted("rules", append([]string{path}, folders(path)...)...)
	}
	for _, path := range o.Tuning {
		p.Trusted("tuning", append([]string{path}, folders(path)...)...)
	}
	p.Trusted("context", o.Context)
	for _, f := range set.Files {
		if !strings.HasPrefix(f.Name, rulefile.BuiltinPrefix) && !strings.HasPrefix(f.Name, rulefile.InformedPrefix) {
			p.Trusted("rules", f.Name)
		}
	}
	return ownership.Judge(p)
}

// folders are the folders below a path in which rule files are looked for.
func folders(path string) (names []string) {
	visit := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // whoever reads the rules says so
			return nil //nolint:nilerr // see above
		case !entry.IsDir() || name == ".":
			return nil
		case strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		}
		names = append(names, filepath.Join(path, name))
		return nil
	}
	if err := fs.WalkDir(os.DirFS(path), ".", visit); err != nil {
		return nil
	}
	return names
}
