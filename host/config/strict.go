package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// check reports the keys under n that t has no field for, and values of another kind than t's.
func (s *sourceFile) check(n ast.Node, t reflect.Type) {
	if want, ok := s.kind(n, t); !ok {
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
		if t.Kind() == reflect.Slice {
			for _, item := range n.Values {
				s.check(item, t.Elem())
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
		_, ok = n.(*ast.IntegerNode)
		return "a whole number", ok
	}
	return "a text", true
}

func (s *sourceFile) checkPair(pair *ast.MappingValueNode, t reflect.Type) {
	switch t.Kind() {
	case reflect.Map:
		s.check(pair.Value, t.Elem())
	case reflect.Struct:
		known := keys(t)
		name := pair.Key.GetToken().Value
		if field, ok := known[name]; ok {
			s.check(pair.Value, field)
			return
		}
		if s.unknowns++; s.unknowns > maxUnknown {
			return
		}
		p := s.at(CodeUnknown, pair.Key, fmt.Sprintf("unknown key `%s`", name))
		near := rulefile.Suggest(name, names(known))
		if _, ok := known[name+"_file"]; ok { // a secret where its file belongs
			near = name + "_file"
		}
		if near != "" {
			p.Suggestion = fmt.Sprintf("did you mean `%s`?", near)
		}
		s.problems = append(s.problems, p)
	}
}

// maxUnknown is how many unknown keys of a file are told one by one.
const maxUnknown = 20

// rest says how many unknown keys aren't told.
func (s *sourceFile) rest() {
	if more := s.unknowns - maxUnknown; more > 0 {
		s.problems = append(s.problems, s.problem(CodeUnknown, 0, 0, 0, "and "+rulefile.Count(more, "more unknown key")+" in this file"))
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

// expand replaces the variables in the strings under n.
func (s *sourceFile) expand(n ast.Node, getenv func(string) (string, bool)) {
	ast.Walk(expander{s, getenv, regexp.MustCompile(variable)}, n)
}

type expander struct {
	*sourceFile
	getenv   func(string) (string, bool)
	variable *regexp.Regexp
}

// Visit replaces the variables in a string and goes on with every other node.
func (e expander) Visit(n ast.Node) ast.Visitor {
	if text, ok := n.(*ast.StringNode); ok {
		text.Value = e.variable.ReplaceAllStringFunc(text.Value, func(found string) string { return e.value(n, found) })
	}
	return e
}

func (e expander) value(n ast.Node, found string) string {
	if found == "$$" {
		return "$"
	}
	parts := e.variable.FindStringSubmatch(found)
	if value, ok := e.getenv(parts[1]); ok {
		return value
	}
	if parts[2] == "" {
		tk := n.GetToken()
		column := tk.Position.Column + max(0, strings.Index(tk.Origin, found)-strings.Index(tk.Origin, strings.TrimLeft(tk.Origin, " \t\n")))
		e.problems = append(e.problems, e.problem(CodeEnv, tk.Position.Line, column, len(found),
			fmt.Sprintf("the environment has no variable %s", parts[1])))
	}
	return parts[3]
}
