package celrule

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// absent stands for a dynamic value that isn't there. It is an empty list and an empty map at the same time: walking
// over it ends at once, adding it to a list adds nothing, looking into it is a missing field.
type absent struct{ traits.Lister }

func newAbsent() *absent { return &absent{newList(nil)} }

// Find finds nothing.
func (*absent) Find(ref.Val) (ref.Val, bool) { return nil, false }

// Get is CEL's error for a missing key.
func (*absent) Get(key ref.Val) ref.Val { return types.NewErr("no such key: %v", key.Value()) }

// isNull is the function that comparisons of a name with null become. Rules can't call it: its name isn't one.
const isNull = "@null"

func nullFunction() cel.EnvOption {
	return cel.Function(isNull, cel.Overload("is_null", []*types.Type{types.DynType}, types.BoolType, cel.UnaryBinding(func(v ref.Val) ref.Val {
		_, nothing := v.(*absent)
		return types.Bool(nothing || v == types.NullValue)
	})))
}

// writeNulls rewrites comparisons with null in place. The logs write null and nothing at all for the same thing, and
// for CEL a missing field isn't null but an error. So "a.b == null" asks whether there is no a.b.
func writeNulls(e ast.Expr, source *ast.SourceInfo, nextID func() int64) {
	fac := ast.NewExprFactory()
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
			return
		}
		c := e.AsCall()
		other := c.Args()[0]
		if isNullLiteral(other) {
			other = c.Args()[1]
		} else if !isNullLiteral(c.Args()[1]) {
			return
		}
		place, _ := source.GetOffsetRange(other.ID())
		fresh := func() int64 {
			id := nextID()
			source.SetOffsetRange(id, place)
			return id
		}
		test := nullTest(fac, other, fresh)
		switch {
		case test == nil:
		case c.FunctionName() == "_==_":
			e.SetKindCase(test)
		case c.FunctionName() == "_!=_":
			e.SetKindCase(fac.NewCall(e.ID(), "!_", test))
		}
	}))
}

// nullTest is an expression that is true when e isn't there, nil for an expression that is there always.
func nullTest(fac ast.ExprFactory, e ast.Expr, id func() int64) ast.Expr {
	switch e.Kind() {
	case ast.IdentKind:
		return fac.NewCall(id(), isNull, e)
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			return fac.NewCall(id(), "!_", fac.NewPresenceTest(e.ID(), s.Operand(), s.FieldName()))
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "_[_]" {
			if key, ok := literal(c.Args()[1]); ok {
				return fac.NewCall(id(), "!_", fac.NewPresenceTest(e.ID(), c.Args()[0], key))
			}
		}
	}
	return nil
}

func isNullLiteral(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue
}
