package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// check reports the keys under n that t has no field for, and values of another kind than t's.
func (s *sourceFile) check(n ast.Node, t reflect.Type) {
	if want, ok := s.kind(n, t); !ok {
		if s.full() {
			return
		}
		p := s.at(CodeValue, n, "want "+want)
		p.Line, p.Width = "", 0 // the value may be a secret in the wrong place
		s.problems = append(s.problems, p)
		return
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			s.checkPair(pair, t)
		}
	case *ast.MappingValueNode:
		s.checkPair(n, t)
	case *ast.SequenceNode:
		for _, item := range n.Values {
			switch t.Kind() {
			case reflect.Slice:
				s.check(item, t.Elem())
			case reflect.Interface:
				s.check(item, t)
			}
		}
	default:
		s.checkFilter(n, t)
	}
}

// kind says what a value of type t looks like, and whether n looks so.
func (s *sourceFile) kind(n ast.Node, t reflect.Type) (want string, ok bool) {
	switch n.(type) {
	case *ast.NullNode:
		return "", true
	case *ast.MappingNode, *ast.MappingValueNode:
		ok = t.Kind() == reflect.Struct || t.Kind() == reflect.Map || t.Kind() == reflect.Interface
	case *ast.SequenceNode:
		ok = t.Kind() == reflect.Slice || t.Kind() == reflect.Interface
	default:
		return s.scalarKind(n, t)
	}
	want, _ = s.scalarKind(n, t)
	return want, ok
}

// scalarKind is kind for a node that is neither a mapping nor a list.
func (s *sourceFile) scalarKind(n ast.Node, t reflect.Type) (want string, ok bool) {
	text := n.GetToken().Value
	if filled, ok := n.(*ast.StringNode); ok {
		text = filled.Value // with its variables
	}
	if t == reflect.TypeFor[time.Duration]() {
		_, err := time.ParseDuration(text)
		return "a duration such as 30s, 5m or 24h", err == nil
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "keys with values", false
	case reflect.Slice:
		return "a list", false
	case reflect.Bool:
		_, ok = n.(*ast.BoolNode)
		return "true or false", ok
	case reflect.Int, reflect.Int64:
		if _, ok = n.(*ast.IntegerNode); ok && leadingZero.MatchString(text) {
			return "a whole number without zeros in front, for which YAML would take it as octal", false
		}
		return "a whole number", ok
	case reflect.Interface: // what it stands for is for others to say
		_, ok = n.(*ast.IntegerNode)
		return "quotes around a text, or a number without zeros in front, for which YAML would take it as octal", !ok || !leadingZero.MatchString(text)
	}
	return "a text", true
}

func (s *sourceFile) checkPair(pair *ast.MappingValueNode, t reflect.Type) {
	switch t.Kind() {
	case reflect.Map:
		s.check(pair.Value, t.Elem())
	case reflect.Interface:
		s.check(pair.Value, t)
	case reflect.Struct:
		known := keys(t)
		name := pair.Key.GetToken().Value
		if field, ok := known[name]; ok {
			s.misplaced(name, pair.Value)
			s.check(pair.Value, field)
			return
		}
		if s.unknowns++; s.unknowns > maxUnknown {
			return
		}
		p := s.at(CodeUnknown, pair.Key, fmt.Sprintf("unknown key `%s`", name))
		near := diag.Suggest(name, names(known))
		if _, ok := known[name+"_file"]; ok { // a secret where its file belongs
			near = name + "_file"
		}
		if near != "" {
			p.Suggestion = fmt.Sprintf("did you mean `%s`?", near)
		}
		s.problems = append(s.problems, p)
	}
}

// misfit reports whether a value of the wrong kind, or a variable that isn't set, was found between two places.
func (s *sourceFile) misfit(from, to diag.Pos) bool {
	return slices.ContainsFunc(s.problems, func(p diag.Problem) bool {
		return p.Code != CodeUnknown && (p.Pos.Line == 0 || !after(from, p.Pos) && after(to, p.Pos))
	})
}

// span is where the pair with the number begins, and where the next one does.
func (s *sourceFile) span(mapping *ast.MappingNode, i int) (from, to diag.Pos) {
	to = diag.Pos{Line: len(s.lines) + 1}
	if i+1 < len(mapping.Values) {
		to = s.at("", mapping.Values[i+1].Key, "").Pos
	}
	return s.at("", mapping.Values[i].Key, "").Pos, to
}

func valuesOf(mapping *ast.MappingNode) []*ast.MappingValueNode {
	if mapping == nil {
		return nil
	}
	return mapping.Values
}

// How much of a file is told one by one; the rest is counted.
const (
	maxUnknown  = 20 // keys
	maxProblems = 100
)

// full reports whether enough was told; who asks has one more problem.
func (s *sourceFile) full() bool {
	if len(s.problems) < maxProblems {
		return false
	}
	s.left++
	return true
}

// rest says how many problems aren't told.
func (s *sourceFile) rest() {
	if s.left > 0 {
		s.problems = append(s.problems, s.problem(CodeLimit, 0, 0, 0, "and "+diag.Count(s.left, "more problem")+" in this file"))
	}
	if more := s.unknowns - maxUnknown; more > 0 {
		s.problems = append(s.problems, s.problem(CodeUnknown, 0, 0, 0, "and "+diag.Count(more, "more unknown key")+" in this file"))
	}
}

// keys are the YAML keys of a struct with the types behind them.
func keys(t reflect.Type) map[string]reflect.Type {
	known := map[string]reflect.Type{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline"):
			for k, v := range keys(field.Type) {
				known[k] = v
			}
		case name == "-" || !field.IsExported():
		case name != "":
			known[name] = field.Type
		default:
			known[strings.ToLower(field.Name)] = field.Type
		}
	}
	return known
}

func names(known map[string]reflect.Type) (list []string) {
	for name := range known {
		list = append(list, name)
	}
	return list
}

// variable is $$, ${NAME} or ${NAME:-default}.
const variable = `\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`

var variables = regexp.MustCompile(variable)

// expansion returns the text of a node with its variables replaced.
type expansion func(s *sourceFile, n *ast.StringNode) string

// expander expands the texts below a node.
type expander struct {
	*sourceFile
	expand expansion
}

// Visit replaces the variables in a string and goes on with every other node.
func (e expander) Visit(n ast.Node) ast.Visitor {
	if text, ok := n.(*ast.StringNode); ok {
		text.Value = e.expand(e.sourceFile, text)
	}
	return e
}

// fromEnvironment replaces variables by what the environment has.
func fromEnvironment(getenv func(string) (string, bool)) expansion {
	return func(s *sourceFile, n *ast.StringNode) string { return s.expanded(n, getenv) }
}

// unexpanded leaves variables as they are, but where a duration stands, which is no secret and would be none otherwise.
func unexpanded(getenv func(string) (string, bool)) expansion {
	return func(s *sourceFile, n *ast.StringNode) string {
		if full := s.expanded(n, getenv); full != n.Value {
			if _, err := time.ParseDuration(full); err == nil {
				return full
			}
		}
		return n.Value
	}
}

// expanded is the text of n with its variables replaced. One that isn't set is a problem.
func (s *sourceFile) expanded(n *ast.StringNode, getenv func(string) (string, bool)) string {
	return variables.ReplaceAllStringFunc(n.Value, func(found string) string {
		if found == "$$" {
			return "$"
		}
		parts := variables.FindStringSubmatch(found)
		if value, ok := getenv(parts[1]); ok {
			return s.fill(n, value)
		}
		if parts[2] == "" && !s.full() {
			tk := n.GetToken()
			column := tk.Position.Column + max(0, strings.Index(tk.Origin, found)-strings.Index(tk.Origin, strings.TrimLeft(tk.Origin, " \t\n")))
			s.problems = append(s.problems, s.problem(CodeEnv, tk.Position.Line, column, len(found),
				fmt.Sprintf("the environment has no variable %s", parts[1])))
		}
		return parts[3]
	})
}

// fill is the value of a variable in n, "" once all in the file have more than MaxSize bytes: a file is bounded with them, too.
func (s *sourceFile) fill(n ast.Node, value string) string {
	before := s.filled
	if s.filled += len(value); s.filled <= MaxSize {
		return value
	}
	if before <= MaxSize {
		p := s.at(CodeLimit, n, fmt.Sprintf("the variables in this file have more than %d bytes", MaxSize))
		p.Line, p.Width = "", 0
		s.problems = append(s.problems, p)
	}
	return ""
}
