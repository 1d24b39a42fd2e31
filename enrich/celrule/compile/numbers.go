package compile

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/env"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// standardLibrary is CEL's own but for string(double), which would write 7000215 as 7.000215e+06: rules build texts of numbers that
// people and SIEMs read.
func standardLibrary() []cel.EnvOption {
	theirs := env.NewFunction(overloads.TypeConvertString, &env.Overload{ID: overloads.DoubleToString})
	return []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddExcludedFunctions(theirs))),
		cel.Function(overloads.TypeConvertString, cel.Overload(overloads.DoubleToString, []*types.Type{types.DoubleType}, types.StringType,
			cel.UnaryBinding(func(v ref.Val) ref.Val {
				n, ok := v.(types.Double)
				if !ok {
					return types.MaybeNoSuchOverloadErr(v)
				}
				return types.String(celval.FormatNumber(float64(n)))
			}))),
	}
}
