package compile

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// isNull is the function that comparisons of a name with null become. Rules can't call it: its name isn't one.
const isNull = "@null"

func nullFunction() cel.EnvOption {
	return cel.Function(isNull, cel.Overload("is_null", []*types.Type{types.DynType}, types.BoolType, cel.UnaryBinding(func(v ref.Val) ref.Val {
		_, nothing := v.(*celval.Absent)
		return types.Bool(nothing || v == types.NullValue)
	})))
}

// isEmpty is the function that comparisons of event.column(..) with null and with "" become.
const isEmpty = "@empty"

// emptyFunction is true for null and for "". A workspace has "" where a row has no text, as its texts are never null, and a file or a test
// has nothing: a rule has to say the same of both. https://learn.microsoft.com/kusto/query/scalar-data-types/null-values
func emptyFunction() cel.EnvOption {
	return cel.Function(isEmpty, cel.Overload("is_empty", []*types.Type{types.DynType}, types.BoolType, cel.UnaryBinding(func(v ref.Val) ref.Val {
		_, nothing := v.(*celval.Absent)
		return types.Bool(nothing || v == types.NullValue || v == types.String(""))
	})))
}

// rewriter changes a parsed expression in place where CEL's meaning doesn't suit logs.
type rewriter struct {
	fac    ast.ExprFactory
	source *ast.SourceInfo
	nextID func() int64
}

func rewrite(e ast.Expr, source *ast.SourceInfo, nextID func() int64) {
	r := rewriter{ast.NewExprFactory(), source, nextID}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		r.null(e)
		r.pattern(e)
	}))
}

// id is a fresh id with the place of e.
func (r rewriter) id(e ast.Expr) int64 {
	place, _ := r.source.GetOffsetRange(e.ID())
	id := r.nextID()
	r.source.SetOffsetRange(id, place)
	return id
}

// null rewrites comparisons with null. The logs write null and nothing at all for the same thing, and for CEL a missing
// field isn't null but an error. So "a.b == null" asks whether there is no a.b, and event.column("A") is compared with null and ""
// alike.
func (r rewriter) null(e ast.Expr) {
	c := e.AsCall()
	if len(c.Args()) != 2 {
		return
	}
	other := untyped(c.Args()[0])
	if isNothingLiteral(other) {
		other = untyped(c.Args()[1])
	} else if !isNothingLiteral(c.Args()[1]) {
		return
	}
	var test ast.Expr
	if _, column := columnName(other); column {
		test = r.fac.NewCall(r.id(e), isEmpty, other)
	} else if isNullLiteral(c.Args()[0]) || isNullLiteral(c.Args()[1]) {
		test = r.nullTest(other)
	}
	switch {
	case test == nil:
	case c.FunctionName() == "_==_":
		e.SetKindCase(test)
	case c.FunctionName() == "_!=_":
		e.SetKindCase(r.fac.NewCall(e.ID(), "!_", test))
	}
}

// nullTest is an expression that is true when e isn't there, nil for an expression that is there always.
func (r rewriter) nullTest(e ast.Expr) ast.Expr {
	switch e.Kind() {
	case ast.IdentKind:
		return r.fac.NewCall(r.id(e), isNull, e)
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			return r.fac.NewCall(r.id(e), "!_", r.fac.NewPresenceTest(e.ID(), s.Operand(), s.FieldName()))
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "_[_]" {
			if key, ok := Literal(c.Args()[1]); ok {
				return r.fac.NewCall(r.id(e), "!_", r.fac.NewPresenceTest(e.ID(), c.Args()[0], key))
			}
		}
	}
	return nil
}

// isNothingLiteral reports whether e is null or "".
func isNothingLiteral(e ast.Expr) bool {
	return isNullLiteral(e) || e.Kind() == ast.LiteralKind && e.AsLiteral() == types.String("")
}

func isNullLiteral(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue
}

// ShortFunction is the function that stands before each text that a regular expression looks at.
const ShortFunction = "@short"

// maxMatched bounds those texts: a pattern of a few characters can cost a hundred steps a character.
const maxMatched = 8 << 10

func shortFunction() cel.EnvOption {
	return cel.Function(ShortFunction, cel.Overload("short_string", []*types.Type{types.StringType}, types.StringType, cel.UnaryBinding(func(v ref.Val) ref.Val {
		s, ok := v.(types.String)
		switch {
		case !ok:
			return types.MaybeNoSuchOverloadErr(v)
		case len(s) > maxMatched:
			return types.NewErr("a text of %d bytes is too long for matches, which takes %d", len(s), maxMatched)
		}
		return s
	})))
}

// pattern bounds what matches looks at.
func (r rewriter) pattern(e ast.Expr) {
	c := e.AsCall()
	if c.FunctionName() != "matches" {
		return
	}
	if c.IsMemberFunction() {
		e.SetKindCase(r.fac.NewMemberCall(e.ID(), "matches", r.fac.NewCall(r.id(e), ShortFunction, c.Target()), c.Args()...))
	} else if len(c.Args()) == 2 {
		e.SetKindCase(r.fac.NewCall(e.ID(), "matches", r.fac.NewCall(r.id(e), ShortFunction, c.Args()[0]), c.Args()[1]))
	}
}
