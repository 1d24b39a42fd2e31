package celrule

import (
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// uses are the names that an expression depends on.
type uses struct {
	lets, lists, macros, needs, columns map[string]bool
}

func newUses() uses {
	return uses{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (u uses) add(other uses) {
	for _, pair := range [][2]map[string]bool{
		{u.lets, other.lets},
		{u.lists, other.lists},
		{u.macros, other.macros},
		{u.needs, other.needs},
		{u.columns, other.columns},
	} {
		for name := range pair[1] {
			pair[0][name] = true
		}
	}
}

// maxPattern bounds regular expressions, which may be no longer than somebody can read.
const maxPattern = 512

// inspector walks over a parsed expression, notes what it uses and refuses what rules may not do.
type inspector struct {
	in       fragment
	source   *ast.SourceInfo
	table    *table
	methods  map[string][]string // method of event -> columns
	isLet    func(name string) bool
	lists    func(name string) *rulefile.List // nil for a list that nobody declares
	means    map[string]meaning
	uses     uses
	problems rulefile.Problems
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
	for _, child := range children(e) {
		i.walk(child)
	}
}

func (i *inspector) ident(e ast.Expr) {
	switch name := e.AsIdent(); {
	case name == varEvent || name == varLists || name == varContext:
		i.refuse(e, CodeForbidden, fmt.Sprintf("`%s` alone isn't a value: name one of its fields, `%s.…`", name, name), "")
	case i.isLet(name):
		i.uses.lets[name] = true
	}
}

// member notes a field of one of the variables.
func (i *inspector) member(of ast.Expr, name string) bool {
	if of.Kind() != ast.IdentKind {
		return false
	}
	switch of.AsIdent() {
	case varEvent:
		for _, column := range i.table.typ.fields[name].columns {
			i.uses.columns[column] = true
		}
		return true
	case varLists:
		i.uses.lists[name] = true
		return true
	case varContext:
		if need := contextNeeds(name); need != "" {
			i.uses.needs[need] = true
		}
		return true
	}
	return false
}

// call notes a function; it reports whether the arguments were walked over.
func (i *inspector) call(e ast.Expr) bool {
	c := e.AsCall()
	i.never(e)
	switch c.FunctionName() {
	case "_?._": // a.?b
		if name, ok := literal(c.Args()[1]); ok && i.member(c.Args()[0], name) {
			return true
		}
	case "matches":
		i.pattern(e)
	case "startsWith", "endsWith", "contains":
		i.piece(e)
	}
	if !c.IsMemberFunction() || c.Target().Kind() != ast.IdentKind {
		return false
	}
	switch c.Target().AsIdent() {
	case varEvent:
		i.eventMethod(e)
	case varContext:
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
		i.uses.columns[column] = true
	}
	if c.FunctionName() != "column" || len(c.Args()) != 1 {
		return
	}
	name, ok := literal(c.Args()[0])
	if !ok {
		i.refuse(c.Args()[0], CodeForbidden, "the name of a column must be a literal text", "")
		return
	}
	i.uses.columns[name] = true
}

func (i *inspector) contextMethod(e ast.Expr) {
	c := e.AsCall()
	need := contextNeeds(c.FunctionName())
	if strings.HasSuffix(need, ".") {
		if len(c.Args()) == 0 {
			return // the type checker complains
		}
		name, ok := literal(c.Args()[0])
		if !ok {
			i.refuse(c.Args()[0], CodeForbidden, "the name must be a literal text, so that it is known beforehand what the rule needs", "")
			return
		}
		need += name
	}
	if need != "" {
		i.uses.needs[need] = true
	}
}

// pattern checks a regular expression. One that came with an event could be made to be slow.
func (i *inspector) pattern(e ast.Expr) {
	args := e.AsCall().Args()
	if len(args) == 0 {
		return
	}
	arg := args[len(args)-1]
	pattern, ok := literal(arg)
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
	i.upper(e, arg, re)
}
