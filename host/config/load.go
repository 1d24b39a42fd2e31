package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/inputfile"
)

// The bounds of each file. A configuration of a hundred workspaces has some ten thousand tokens.
const (
	MaxSize   = 1 << 20     // bytes
	maxTokens = MaxSize / 8 // of YAML, scalars and indicators
)

// Load reads the configuration file at path and, in the order of their names, the *.yaml files in the directory
// conf.d beside it, whose lists add to the file's and whose other keys replace it. All problems of all files are
// returned at once, as diag.Problems.
func Load(path string, getenv func(string) (string, bool)) (Config, error) {
	return LoadOver(Defaults(), path, getenv)
}

// LoadOver is Load with other values for what no file says.
func LoadOver(defaults Config, path string, getenv func(string) (string, bool)) (Config, error) {
	at := newPlaces()
	config, problems, err := load(defaults, path, func(c *Config, name string, data []byte) diag.Problems {
		return c.read(name, data, fromEnvironment(getenv), at)
	})
	if err != nil {
		return config, err
	}
	problems = append(problems, config.validate(path, at)...)
	problems.Sort()
	return config, problems.Err()
}

// LoadUnexpanded is Load with variables that stay as they are written, but in durations: for people to look at.
func LoadUnexpanded(path string, getenv func(string) (string, bool)) (Config, error) {
	if c, err := Load(path, getenv); err != nil {
		return c, err
	}
	config, problems, err := load(Defaults(), path, func(c *Config, name string, data []byte) diag.Problems {
		return c.read(name, data, unexpanded(getenv), newPlaces())
	})
	if err != nil {
		return config, err
	}
	return config, problems.Err()
}

// load reads the files with read into config. The error is that of a file that can't be read at all.
func load(config Config, path string, read func(c *Config, name string, data []byte) diag.Problems) (Config, diag.Problems, error) {
	paths := []string{path}
	dropIns, err := filepath.Glob(filepath.Join(filepath.Dir(path), "conf.d", "*.yaml"))
	if err != nil {
		return config, nil, fmt.Errorf("look for drop-in files: %w", err)
	}
	slices.Sort(dropIns)
	var problems diag.Problems
	for _, p := range append(paths, dropIns...) {
		data, err := inputfile.Read(p, inputfile.MaxConfig)
		if err != nil {
			return config, nil, readError(err)
		}
		problems = append(problems, read(&config, p, data)...)
	}
	return config, problems, nil
}

func readError(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no configuration file: %w (give one with --config, or begin with `riskrelay config reference`)", err)
	}
	return fmt.Errorf("read the configuration: %w", err)
}

// Read adds one file strictly: unknown keys, wrong types and variables that aren't set are problems. Variables are
// written ${NAME} or ${NAME:-default} inside values, and $$ is a dollar sign.
func (c *Config) Read(name string, data []byte, getenv func(string) (string, bool)) diag.Problems {
	return c.read(name, data, fromEnvironment(getenv), newPlaces())
}

// read is Read with another way to expand the variables of a text. It notes in at where keys stand, and which parts of the
// file can't be judged.
func (c *Config) read(name string, data []byte, expand expansion, at *places) diag.Problems {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	source := &sourceFile{name: name, lines: strings.Split(string(data), "\n")}
	if len(data) > MaxSize {
		at.unread()
		return diag.Problems{source.problem(CodeLimit, 0, 0, 0, fmt.Sprintf("the file is larger than %d bytes: put parts of it into conf.d", MaxSize))}
	}
	file, err := diag.ParseYAML(string(data), maxTokens)
	if err != nil {
		at.unread()
		return diag.Problems{source.fromYAML(CodeSyntax, err)}
	}
	defer c.lists()()
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		ast.Walk(expander{source, expand}, doc.Body)
		at.note(source, doc.Body, "")
		source.check(doc.Body, reflect.TypeFor[Config]())
		keepTexts(doc.Body, reflect.TypeFor[Config]())
		c.take(source, doc.Body, at)
	}
	at.spoil(source)
	source.rest()
	return source.problems
}

// take takes over the values of a document. Where a value of the wrong kind was found, what stands under the other top-level
// keys is taken over all the same, so that what is wrong with that is told in the same run.
func (c *Config) take(source *sourceFile, body ast.Node, at *places) {
	parts := []ast.Node{body}
	if source.misfit(diag.Pos{}, diag.Pos{Line: len(source.lines) + 1}) {
		parts = nil
		mapping, _ := body.(*ast.MappingNode) // nil for a single key
		for i := range valuesOf(mapping) {
			if from, to := source.span(mapping, i); !source.misfit(from, to) {
				parts = append(parts, mapping.Values[i])
			}
		}
	}
	for _, part := range parts {
		if err := yaml.NodeToValue(part, c); err != nil {
			source.problems = append(source.problems, source.fromYAML(CodeValue, err))
			at.unread()
		}
	}
}

// byteOrderMark is what some editors put before UTF-8 (RFC 3629, 6).
const byteOrderMark = "\uFEFF"

// sourceFile collects the problems of one file.
type sourceFile struct {
	name     string
	lines    []string
	problems diag.Problems
	unknowns int // unknown keys
	left     int // other problems that aren't told
	filled   int // bytes that variables brought
}

func (s *sourceFile) fromYAML(code string, err error) diag.Problem {
	var refused *diag.YAMLError
	if errors.As(err, &refused) { // the line isn't shown: what stands there may be a secret
		p := s.problem(CodeLimit, refused.At.Position.Line, refused.At.Position.Column, 0, refused.Message)
		p.Line = ""
		return p
	}
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		position := located.GetToken().Position
		return s.veiled(s.problem(code, position.Line, position.Column, 0, located.GetMessage()))
	}
	return diag.Problem{Pos: diag.Pos{File: s.name}, Severity: diag.Error, Code: code, Message: err.Error()}
}

func (s *sourceFile) problem(code string, line, column, width int, message string) diag.Problem {
	p := diag.Problem{
		Pos:      diag.Pos{File: s.name, Line: line, Column: column},
		Severity: diag.Error, Code: code, Message: message, Width: width,
	}
	if line >= 1 && line <= len(s.lines) {
		p.Line = masked(s.lines[line-1], column, width)
	}
	return p
}

// masked is a line of which only the characters in question are readable: the rest may hold what is secret.
func masked(line string, column, width int) string {
	before, rest := diag.CutAt(line, max(0, column-1))
	shown, _ := diag.CutAt(rest, max(1, width))
	return strings.Repeat(" ", utf8.RuneCountInString(before)) + shown
}

func (s *sourceFile) at(code string, n ast.Node, message string) diag.Problem {
	tk := n.GetToken()
	return s.problem(code, tk.Position.Line, tk.Position.Column, len(tk.Value), message)
}
