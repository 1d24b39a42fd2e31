package compile

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/env"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// standardLibrary is CEL's own but for two conversions, see textOfNumber and timeOfText.
func standardLibrary() []cel.EnvOption {
	theirs := func(function, overload string) *env.Function {
		return env.NewFunction(function, &env.Overload{ID: overload})
	}
	ours := func(function, overload string, from, to *types.Type, do func(ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(function, cel.Overload(overload, []*types.Type{from}, to, cel.UnaryBinding(do)))
	}
	return []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().AddExcludedFunctions(
			theirs(overloads.TypeConvertString, overloads.DoubleToString), theirs(overloads.TypeConvertTimestamp, overloads.StringToTimestamp)))),
		ours(overloads.TypeConvertString, overloads.DoubleToString, types.DoubleType, types.StringType, textOfNumber),
		ours(overloads.TypeConvertTimestamp, overloads.StringToTimestamp, types.StringType, types.TimestampType, timeOfText),
	}
}

// textOfNumber is string(double). CEL's own writes 7000215 as 7.000215e+06, and rules build texts of numbers that people and SIEMs read.
func textOfNumber(v ref.Val) ref.Val {
	n, ok := v.(types.Double)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.String(celval.FormatNumber(float64(n)))
}

// timeOfText is timestamp(string), which reads the times in JSON values as those in columns are read. CEL's own takes RFC 3339 alone; its
// error stands for what is no time.
func timeOfText(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	strict := s.ConvertToType(types.TimestampType)
	if !types.IsError(strict) {
		return strict
	}
	if t, ok := enrich.ParseTime(string(s)); ok {
		return types.Timestamp{Time: t}
	}
	return strict
}
