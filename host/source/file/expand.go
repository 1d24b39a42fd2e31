package file

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Expand returns the files that paths of a configuration stand for, each once: a directory stands for all files below it, also
// those of a storage account's archive (y=2026/m=09/d=08/h=10/m=00/PT1H.json), a pattern such as logs/*.json for what it matches; names that begin with a dot are left
// out then. "-", pipes, and what isn't there yet stand for themselves.
func Expand(paths []string) (files []string, err error) {
	for _, path := range paths {
		found, err := expand(path)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	return files, nil
}

func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	matches, err := filepath.Glob(path)
	if err != nil || len(matches) == 0 || slices.Contains(matches, path) {
		matches = []string{path} // no pattern, or a file whose name looks like one
	}
	var files []string
	for _, m := range matches {
		if m != path && hidden(m) {
			continue
		}
		err := filepath.WalkDir(m, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && name == m:
				files = append(files, m) // whoever opens it says what is wrong
				return filepath.SkipAll
			case err != nil:
				return err
			case name != m && hidden(name) && d.IsDir():
				return filepath.SkipDir
			case name == m && !d.IsDir(), d.Type().IsRegular() && !hidden(name):
				files = append(files, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for files in %s: %w", m, err)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no files in %s", path)
	}
	return files, nil
}

func hidden(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }
