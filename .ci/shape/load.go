package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// shape is what a package looks like.
type shape struct {
	path     string
	lines    int // of code, without blanks and comments
	files    int
	exported int // names of the package itself
	members  int // exported methods and fields of exported types
	uses     []use
	order    []string // files as doc.go names them, nil when it names none
	untold   []string // files that doc.go leaves out; they count as read last
}

// use is a name that file in uses and file of declares.
type use struct{ in, of, name string }

// back are the uses that run against the order of reading, none for a package without one.
func (s *shape) back() (out []use) {
	if s.order == nil {
		return nil
	}
	for _, u := range s.uses {
		if s.place(u.in) < s.place(u.of) {
			out = append(out, u)
		}
	}
	return out
}

func (s *shape) backWord() string {
	if s.order == nil {
		return "-"
	}
	return strconv.Itoa(len(s.back()))
}

func (s *shape) place(file string) int {
	if i := slices.Index(s.order, file); i >= 0 {
		return i
	}
	return len(s.order)
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// load reads the packages that the patterns name.
func load(patterns []string) ([]shape, error) {
	command := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, patterns...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	exports, own := map[string]string{}, []listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if exports[p.ImportPath] = p.Export; !p.DepOnly {
			own = append(own, p)
		}
	}
	var shapes []shape
	for _, p := range own {
		s, err := look(p, exports)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		shapes = append(shapes, s)
	}
	return shapes, nil
}

// look parses and checks one package; exports are the files with what the packages that it imports export.
func look(p listed, exports map[string]string) (shape, error) {
	s, fset := shape{path: p.ImportPath, files: len(p.GoFiles)}, token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return s, err
		}
		f, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return s, err
		}
		files = append(files, f)
		s.lines += codeLines(text)
		if name == "doc.go" && f.Doc != nil {
			s.order = fileNames(f.Doc.Text())
		}
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", open)}
	pkg, err := config.Check(p.ImportPath, fset, files, info)
	if err != nil {
		return s, err
	}
	s.uses = usesIn(fset, pkg, info)
	s.exported, s.members = exportedNames(pkg)
	for _, name := range p.GoFiles {
		if s.order != nil && name != "doc.go" && !slices.Contains(s.order, name) {
			s.untold = append(s.untold, name)
		}
	}
	return s, nil
}

// fileNames are the names of Go files in a text, each once, in the order in which they come first.
func fileNames(text string) (names []string) {
	for _, name := range regexp.MustCompile(`\b[a-z0-9_]+\.go\b`).FindAllString(text, -1) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// codeLines counts the lines on which something else than a comment stands.
func codeLines(text []byte) int {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		first := file.Line(pos)
		for i := range bytes.Count([]byte(literal), []byte("\n")) + 1 {
			lines[first+i] = true
		}
	}
}

// usesIn are the functions, types, constants and variables that one file of the package uses and another declares. Methods
// and fields don't count: whoever has a value has read what its type is.
func usesIn(fset *token.FileSet, pkg *types.Package, info *types.Info) []use {
	seen := map[use]bool{}
	for id, object := range info.Uses {
		if object.Parent() != pkg.Scope() {
			continue
		}
		in, of := fset.Position(id.Pos()).Filename, fset.Position(object.Pos()).Filename
		if in != of {
			seen[use{in, of, object.Name()}] = true
		}
	}
	out := make([]use, 0, len(seen))
	for u := range seen {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b use) int {
		return bytes.Compare([]byte(a.in+"\x00"+a.of+"\x00"+a.name), []byte(b.in+"\x00"+b.of+"\x00"+b.name))
	})
	return out
}

// exportedNames counts the exported names of a package, and the exported methods and fields of its exported types.
func exportedNames(pkg *types.Package) (names, members int) {
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		names++
		t, ok := object.Type().(*types.Named)
		if _, isType := object.(*types.TypeName); !ok || !isType {
			continue
		}
		for m := range t.Methods() {
			if m.Exported() {
				members++
			}
		}
		if fields, ok := t.Underlying().(*types.Struct); ok {
			for f := range fields.Fields() {
				if f.Exported() {
					members++
				}
			}
		}
	}
	return names, members
}
