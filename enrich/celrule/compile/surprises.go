package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// surprises looks in a checked expression for what compiles and would give a verdict that nobody expects: it is a warning each.
type surprises struct {
	*vocabulary
	asked map[string]bool // members whose presence the expression asks for, by their paths
	told  map[string]bool // members that were warned of
	loops map[string]bool // variables of loops, over whose elements nothing is said
}

func (v *vocabulary) surprisesIn() diag.Problems {
	s := &surprises{vocabulary: v, asked: map[string]bool{}, told: map[string]bool{}, loops: map[string]bool{}}
	s.problems = nil
	root := v.checked.Expr()
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly():
			s.asked[path(e.AsSelect().Operand())+"."+e.AsSelect().FieldName()] = true
		case e.Kind() == ast.ComprehensionKind:
			s.loops[e.AsComprehension().IterVar()] = true
		}
	}))
	ast.PostOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.CallKind {
			s.call(e.AsCall())
		}
	}))
	return s.problems
}

func (s *surprises) call(c ast.CallExpr) {
	switch c.FunctionName() {
	case "_!=_":
		for _, side := range c.Args() {
			s.absent(side, "`!=`")
		}
	case "!_":
		s.negated(c.Args()[0])
	case "_+_", "_-_", "_*_", "_/_", "_%_":
		if args := c.Args(); len(args) == 2 {
			s.arithmetic(c, args[0], args[1])
			s.arithmetic(c, args[1], args[0])
		}
	case "column":
		if len(c.Args()) == 1 && c.IsMemberFunction() {
			s.column(c.Args()[0])
		}
	}
}

// negated looks at what ! turns round: each member in it that isn't there makes the whole an error, and so no match.
func (s *surprises) negated(e ast.Expr) {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		return
	}
	s.absent(e, "`!`")
	for _, child := range Children(e) {
		s.negated(child)
	}
}

// absent warns of a member of a dynamic value of which nothing asks whether it is there.
func (s *surprises) absent(e ast.Expr, operator string) {
	of, member := memberOf(e)
	if of == nil || !s.isDynamic(of) || s.loops[root(of)] || s.asked[path(e)] || s.told[path(e)] {
		return
	}
	s.told[path(e)] = true
	s.warn(e, CodeAbsent, fmt.Sprintf("where the event has no `%s` there, %s doesn't hold either: the rule is silent", member, operator),
		fmt.Sprintf("ask for it: !has(%s) || ..., or has(...) && ... where silence is meant", written(e)))
}

// memberOf is the value and the name of the member that e reads, nil when e is something else.
func memberOf(e ast.Expr) (of ast.Expr, member string) {
	switch e.Kind() {
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			return s.Operand(), s.FieldName()
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "_[_]" {
			if key, ok := Literal(c.Args()[1]); ok {
				return c.Args()[0], key
			}
		}
	}
	return nil, ""
}

// root is the name that a member of a member begins with, "" for none.
func root(e ast.Expr) string {
	for of, _ := memberOf(e); of != nil; of, _ = memberOf(e) {
		e = of
	}
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}

func (s *surprises) isDynamic(e ast.Expr) bool {
	t := s.checked.GetType(e.ID())
	return t != nil && t.Kind() == types.DynKind
}

// path tells members apart; it is the same for the same member of the same value.
func path(e ast.Expr) string {
	if of, member := memberOf(e); of != nil {
		return path(of) + "." + member
	}
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.CallKind:
		if name, ok := columnName(e); ok {
			return "column " + name
		}
	}
	return fmt.Sprintf("node %d", e.ID())
}

// written is how a member is written, as far as it is names alone.
func written(e ast.Expr) string {
	switch of, member := memberOf(e); {
	case of != nil:
		return written(of) + "." + member
	case e.Kind() == ast.IdentKind:
		return e.AsIdent()
	}
	if name, ok := columnName(e); ok {
		return fmt.Sprintf("event.column(%q)", name)
	}
	return "…"
}

// arithmetic warns of a literal number beside one that comes from the row without a type: CEL works on two whole numbers or on two
// others, and doesn't mix them.
func (s *surprises) arithmetic(c ast.CallExpr, literal, other ast.Expr) {
	if literal.Kind() != ast.LiteralKind || !s.isDynamic(other) {
		return
	}
	operator, example := OperatorWord(c.FunctionName()), "double(x) "+OperatorWord(c.FunctionName())+" 2.0"
	switch literal.AsLiteral().(type) {
	case types.Int:
		which := "on rows where the other number isn't a whole one"
		if name, ok := columnName(other); ok {
			if typ, known := schema.SuffixType(name); known && typ == enrich.Real {
				which = "on every row: " + name + " is a real number"
			}
		}
		s.warn(literal, CodeMixed, fmt.Sprintf("`%s` with a whole number fails %s", operator, which), "write "+example)
	case types.Double:
		s.warn(literal, CodeMixed, fmt.Sprintf("`%s` with a number with a point fails on rows where the other number is a whole one", operator), "write "+example)
	}
}

// columnName is NAME of event.column("NAME").
func columnName(e ast.Expr) (string, bool) {
	if e.Kind() != ast.CallKind || !e.AsCall().IsMemberFunction() || e.AsCall().FunctionName() != "column" {
		return "", false
	}
	args := e.AsCall().Args()
	if len(args) != 1 {
		return "", false
	}
	return Literal(args[0])
}

// column warns of event.column("NAME") with a name that the table, whose columns are known, doesn't have.
func (s *surprises) column(e ast.Expr) {
	name, ok := Literal(e)
	known, typed := schema.Lookup(s.table)
	if !ok || !typed {
		return
	}
	if _, has := known.Column(name); has {
		return
	}
	var all []string
	for _, c := range known.Columns {
		all = append(all, c.Name)
	}
	near := didYouMean(name, all)
	if _, madeUp := schema.SuffixType(name); known.Guessed && (madeUp || near == "") {
		return // any workspace may have it
	}
	if near == "" {
		near = "Only a workspace that added it has such a column. Everywhere else the rule sees null"
	}
	s.warn(e, CodeUndeclared, fmt.Sprintf("%s%s`%s`", known.Name, hasNoColumn, name), near)
}

const hasNoColumn = " has no column "

// inAll leaves warnings of a column out that one of a rule's tables, so many, has: a rule for several tables asks for columns that only
// one has.
func inAll(problems diag.Problems, tables int) diag.Problems {
	lacking := map[string]map[string]bool{} // place and column -> messages, of which each table has its own
	key := func(p diag.Problem) string {
		_, column, _ := strings.Cut(p.Message, hasNoColumn)
		return p.Pos.String() + " " + column
	}
	for _, p := range problems {
		if p.Code != CodeUndeclared {
			continue
		}
		if lacking[key(p)] == nil {
			lacking[key(p)] = map[string]bool{}
		}
		lacking[key(p)][p.Message] = true
	}
	return slices.DeleteFunc(problems, func(p diag.Problem) bool { return p.Code == CodeUndeclared && len(lacking[key(p)]) < tables })
}

func (s *surprises) warn(e ast.Expr, code, message, suggestion string) {
	p := s.problem(e, code, message, suggestion)
	p.Severity = diag.Warning
	s.problems = append(s.problems, p)
}
