package config

import (
	"reflect"
	"regexp"

	"github.com/goccy/go-yaml/ast"
)

// keepTexts makes texts of the numbers and words below n that stand where t has a text: the YAML library would read 0644 as 420 and write
// that, 2026.10 as 2026.1. What is written is meant.
func keepTexts(n ast.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			keepPair(pair, t)
		}
	case *ast.MappingValueNode:
		keepPair(n, t)
	case *ast.SequenceNode:
		if t.Kind() != reflect.Slice {
			return
		}
		for i, item := range n.Values {
			n.Values[i] = asWritten(item, t.Elem())
		}
	}
}

func keepPair(pair *ast.MappingValueNode, t reflect.Type) {
	switch t.Kind() {
	case reflect.Map:
		if key, ok := asWritten(pair.Key, t.Key()).(ast.MapKeyNode); ok {
			pair.Key = key
		}
		pair.Value = asWritten(pair.Value, t.Elem())
	case reflect.Struct:
		if field, ok := keys(t)[pair.Key.GetToken().Value]; ok {
			pair.Value = asWritten(pair.Value, field)
		}
	}
}

// asWritten is n with its texts kept: a new node for a scalar where t is a text.
func asWritten(n ast.Node, t reflect.Type) ast.Node {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		if t.Kind() == reflect.String {
			return ast.String(n.GetToken())
		}
		return n
	}
	keepTexts(n, t)
	return n
}

// leadingZero is a whole number that YAML 1.1 reads as an octal one, and people as a decimal one or as a text.
var leadingZero = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
