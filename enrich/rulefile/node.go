package rulefile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// kind is what a node of a YAML document is.
type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	mapping
	sequence
	refused // reported already; nothing more is said about it
)

// String names the kind as messages do.
func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "a boolean", "a mapping", "a list", "something that is not supported"}[k]
}

// node is a YAML value with its place.
type node struct {
	kind  kind
	text  diag.Text // the scalar as written; of a collection only the place
	pairs []pair
	items []*node
}

type pair struct {
	key   diag.Text
	value *node
}

// bytesPerToken is how many bytes a token of a file has at least, on average, when the file is as large as it may be.
const bytesPerToken = 4

// tree reads data, of a kind of files that may have limit bytes, as one YAML document. A problem says why it can't.
func tree(src *diag.Source, data string, limit int) (*node, diag.Problems) {
	t := &builder{source: src}
	file, err := diag.ParseYAML(data, limit/bytesPerToken, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, diag.Problems{t.syntax(err)}
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, diag.Problems{t.source.Problem(doc.Body.GetToken(), CodeSyntax, "a file holds one YAML document, this is the second")}
		}
		body = doc.Body
	}
	if body == nil {
		return nil, diag.Problems{{Pos: diag.Pos{File: src.File}, Severity: diag.Error, Code: CodeSyntax, Message: "the file is empty"}}
	}
	n := t.build(body, 1)
	if i := slices.IndexFunc(t.problems, refuses); i >= 0 {
		return nil, diag.Problems{t.problems[i]} // what is left says other things than the file
	}
	return n, t.problems
}

// refuses reports whether a problem of the YAML leaves holes in the tree, in whose place anything could stand.
func refuses(p diag.Problem) bool { return p.Code == CodeForbidden || p.Code == CodeLimit }

// builder makes nodes of the library's syntax tree.
type builder struct {
	source   *diag.Source
	problems diag.Problems
	refused  bool // a problem that refuses the file was found
}

// refuse adds a problem that refuses the file, unless there is one: it may be meant to stand there a million times.
func (t *builder) refuse(p diag.Problem) {
	if !t.refused {
		t.problems = append(t.problems, p)
	}
	t.refused = true
}

// syntax makes a problem of the parser's error.
func (t *builder) syntax(err error) diag.Problem {
	var refused *diag.YAMLError
	if errors.As(err, &refused) {
		code := CodeForbidden
		if refused.Limit {
			code = CodeLimit
		}
		return t.source.Problem(refused.At, code, refused.Message)
	}
	var located yaml.Error
	if errors.As(err, &located) {
		p := t.source.Problem(located.GetToken(), CodeSyntax, located.GetMessage())
		if strings.Contains(p.Line, " ? ") { // what most often goes wrong with CEL in YAML
			p.Suggestion = "text with `: ` inside needs quotes or a block (|)"
		}
		return p
	}
	return diag.Problem{Pos: diag.Pos{File: t.source.File}, Severity: diag.Error, Code: CodeSyntax, Message: err.Error()}
}

func (t *builder) build(n ast.Node, depth int) *node {
	out := &node{text: t.source.Place(n.GetToken())}
	if depth > diag.MaxDepth {
		out.kind = refused
		t.refuse(t.source.Problem(n.GetToken(), CodeLimit, fmt.Sprintf("nested deeper than %d levels", diag.MaxDepth)))
		return out
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		out.kind, out.text = text, t.source.Scalar(n.Token, n.Value)
	case *ast.LiteralNode:
		out.kind, out.text = text, t.source.Block(n.Start, n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		out.kind, out.text.Value = number, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text.Value = boolean, n.Token.Value
	case *ast.MappingNode:
		out.kind = mapping
		t.mapping(out, n.Values, depth)
		if len(out.pairs) > 0 && !n.IsFlowStyle {
			out.text.Pos = out.pairs[0].key.Pos
		}
	case *ast.MappingValueNode:
		out.kind = mapping
		t.mapping(out, []*ast.MappingValueNode{n}, depth)
		if len(out.pairs) > 0 {
			out.text.Pos = out.pairs[0].key.Pos
		}
	case *ast.SequenceNode:
		out.kind = sequence
		for _, v := range n.Values {
			out.items = append(out.items, t.build(v, depth+1))
		}
	default:
		out.kind = refused
		t.refuse(t.source.Problem(n.GetToken(), CodeForbidden, "a value of this kind is not supported: "+n.Type().YAMLName()))
	}
	return out
}

func (t *builder) mapping(out *node, values []*ast.MappingValueNode, depth int) {
	for _, v := range values {
		key := t.build(v.Key, depth+1)
		if key.kind == refused {
			continue
		}
		if key.kind == mapping || key.kind == sequence {
			t.problems = append(t.problems, t.source.Problem(v.Key.GetToken(), CodeType, "a key must be text"))
			continue
		}
		out.pairs = append(out.pairs, pair{key.text, t.build(v.Value, depth+1)})
	}
}

// appendJSON appends the node as JSON on one line. Numbers keep their digits.
func (n *node) appendJSON(dst []byte) ([]byte, error) {
	switch n.kind {
	case null:
		return append(dst, "null"...), nil
	case boolean:
		return append(dst, strings.ToLower(n.text.Value)...), nil
	case number:
		return n.appendNumber(dst)
	case text:
		return enrich.AppendString(dst, n.text.Value), nil
	case sequence:
		dst = append(dst, '[')
		for i, item := range n.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = item.appendJSON(dst); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
	dst = append(dst, '{')
	for i, p := range n.pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(enrich.AppendString(dst, p.key.Value), ':')
		var err error
		if dst, err = p.value.appendJSON(dst); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (n *node) appendNumber(dst []byte) ([]byte, error) {
	if json.Valid([]byte(n.text.Value)) {
		return append(dst, n.text.Value...), nil
	}
	if i, err := strconv.ParseInt(n.text.Value, 0, 64); err == nil {
		return strconv.AppendInt(dst, i, 10), nil
	}
	f, err := strconv.ParseFloat(n.text.Value, 64)
	if err != nil {
		return dst, &numberError{n.text}
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64), nil
}

// numberError is a number that JSON can't hold.
type numberError struct{ at diag.Text }

// Error names the number.
func (e *numberError) Error() string {
	return fmt.Sprintf("%s is not a number that JSON can hold; put it in quotes", e.at.Value)
}
