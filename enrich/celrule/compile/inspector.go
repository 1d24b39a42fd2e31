package compile

import (
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// maxPattern bounds regular expressions, which may be no longer than somebody can read.
const maxPattern = 512

// inspector walks over a parsed expression, notes what it uses and refuses what rules may not do.
type inspector struct {
	in       fragment
	source   *ast.SourceInfo
	table    *event.Table
	methods  map[string][]string // method of event -> columns
	needs    map[string]string   // field or method of context -> the part that it needs
	isLet    func(name string) bool
	lists    func(name string) *rulefile.List // nil for a list that nobody declares
	aliases  map[string]alias
	uses     Uses
	problems diag.Problems
}

func (i *inspector) refuse(e ast.Expr, code, message, suggestion string) {
	at, _ := i.source.GetOffsetRange(e.ID())
	p := problemAt(i.in, code, int(at.Start), message)
	p.Suggestion = suggestion
	i.problems = append(i.problems, p)
}

func (i *inspector) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.IdentKind:
		i.ident(e)
		return
	case ast.SelectKind:
		if i.member(e.AsSelect().Operand(), e.AsSelect().FieldName()) {
			return
		}
	case ast.StructKind:
		i.refuse(e, CodeForbidden, "rules can't make objects", "")
	case ast.CallKind:
		if i.call(e) {
			return
		}
	}
	for _, child := range Children(e) {
		i.walk(child)
	}
}

func (i *inspector) ident(e ast.Expr) {
	switch name := e.AsIdent(); {
	case name == VarEvent || name == VarLists || name == VarContext:
		i.refuse(e, CodeForbidden, fmt.Sprintf("`%s` alone isn't a value: name one of its fields, `%s.…`", name, name), "")
	case i.isLet(name):
		i.uses.Lets[name] = true
	}
}

// member notes a field of one of the variables.
func (i *inspector) member(of ast.Expr, name string) bool {
	if of.Kind() != ast.IdentKind {
		return false
	}
	switch of.AsIdent() {
	case VarEvent:
		for _, column := range i.table.Type.Fields[name].Columns {
			i.uses.Columns[column] = true
		}
		return true
	case VarLists:
		i.uses.Lists[name] = true
		return true
	case VarContext:
		if need := i.needs[name]; need != "" {
			i.uses.Needs[need] = true
		}
		return true
	}
	return false
}

// call notes a function; it reports whether the arguments were walked over.
func (i *inspector) call(e ast.Expr) bool {
	c := e.AsCall()
	i.comparison(e)
	switch c.FunctionName() {
	case "_?._": // a.?b
		if name, ok := Literal(c.Args()[1]); ok && i.member(c.Args()[0], name) {
			return true
		}
	case "matches":
		i.pattern(e)
	case "startsWith", "endsWith", "contains":
		i.partOfOperation(e)
	}
	if !c.IsMemberFunction() || c.Target().Kind() != ast.IdentKind {
		return false
	}
	switch c.Target().AsIdent() {
	case VarEvent:
		i.eventMethod(e)
	case VarContext:
		i.contextMethod(e)
	default:
		return false
	}
	for _, arg := range c.Args() {
		i.walk(arg)
	}
	return true
}

func (i *inspector) eventMethod(e ast.Expr) {
	c := e.AsCall()
	for _, column := range i.methods[c.FunctionName()] {
		i.uses.Columns[column] = true
	}
	if c.FunctionName() != "column" || len(c.Args()) != 1 {
		return
	}
	name, ok := Literal(c.Args()[0])
	if !ok {
		i.refuse(c.Args()[0], CodeForbidden, "the name of a column must be a literal text", "")
		return
	}
	i.uses.Columns[name] = true
}

func (i *inspector) contextMethod(e ast.Expr) {
	c := e.AsCall()
	need := i.needs[c.FunctionName()]
	if strings.HasSuffix(need, ".") {
		if len(c.Args()) == 0 {
			return // the type checker complains
		}
		name, ok := Literal(c.Args()[0])
		if !ok {
			i.refuse(c.Args()[0], CodeForbidden, "the name must be a literal text, so that it is known beforehand what the rule needs", "")
			return
		}
		need += name
	}
	if need != "" {
		i.uses.Needs[need] = true
	}
}

// pattern checks a regular expression. One that came with an event could be made to be slow.
func (i *inspector) pattern(e ast.Expr) {
	args := e.AsCall().Args()
	if len(args) == 0 {
		return
	}
	arg := args[len(args)-1]
	pattern, ok := Literal(arg)
	if !ok {
		i.refuse(arg, CodeForbidden, "a regular expression must be a literal text", "")
		return
	}
	if len(pattern) > maxPattern {
		i.refuse(arg, CodeCost, fmt.Sprintf("the regular expression has %d characters, at most %d are allowed", len(pattern), maxPattern), "")
		return
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		i.refuse(arg, CodeType, strings.TrimPrefix(err.Error(), "error parsing regexp: ")+" (regular expression, RE2)", "")
		return
	}
	i.upperInPattern(e, arg, re)
}

// alias is the field or text that a let is another name of, when it is one that is looked at.
type alias struct {
	operation bool                // event.operation
	field     string              // as people write it
	texts     []string            // those that the field can be
	lowered   func(string) string // see vocabulary
}
