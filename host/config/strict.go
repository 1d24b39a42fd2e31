package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// check reports the keys under n that t has no field for.
func (s *sourceFile) check(n ast.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
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
	}
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
		p := s.at(CodeUnknown, pair.Key, fmt.Sprintf("unknown key `%s`", name))
		if near := rulefile.Suggest(name, names(known)); near != "" {
			p.Suggestion = fmt.Sprintf("did you mean `%s`?", near)
		}
		s.problems = append(s.problems, p)
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
		e.problems = append(e.problems, e.at(CodeEnv, n, fmt.Sprintf("the environment has no variable %s", parts[1])))
	}
	return parts[3]
}
