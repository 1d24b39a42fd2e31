package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// The types of parameters are checked by CEL itself: while an expression is checked for the first time, each argument
// stands in a call of a function that takes and returns the type that the parameter names. Then the calls are taken out
// again, so that nothing is left of them when the expression runs.

// typedPrefix begins the names of these functions; what follows is the type.
const typedPrefix = "@typed "

// typesOf are the types that parameters of macros name, by their names.
func (l *Language) typesOf(packs []*rulefile.Pack) map[string]*types.Type {
	all := map[string]*types.Type{}
	for _, p := range packs {
		for _, m := range p.Macros {
			for _, param := range m.Params {
				if t := l.typeNamed(param.Type.Value); t != nil {
					all[param.Type.Value] = t
				}
			}
		}
	}
	return all
}

// typeNamed is the type of the rule language called name, nil for none.
func (l *Language) typeNamed(name string) *types.Type {
	if inner, ok := strings.CutPrefix(name, "list("); ok && strings.HasSuffix(inner, ")") {
		if t := l.typeNamed(strings.TrimSuffix(inner, ")")); t != nil {
			return types.NewListType(t)
		}
		return nil
	}
	if t, ok := l.simpleTypes()[name]; ok {
		return t
	}
	if t, ok := event.NewTable(name, l.views); ok {
		return t.Type.CEL // a macro that is given event itself
	}
	return nil
}

// simpleTypes are the types without parameters. Null and optional values are left out: no parameter needs them.
func (l *Language) simpleTypes() map[string]*types.Type {
	all := map[string]*types.Type{
		"bool": types.BoolType, "int": types.IntType, "double": types.DoubleType, "string": types.StringType,
		"timestamp": types.TimestampType, "duration": types.DurationType, "dyn": types.DynType,
		"map": types.NewMapType(types.StringType, types.DynType),
	}
	for _, t := range l.views.All() {
		all[t.Name] = t.CEL
	}
	return all
}

// AddMacros adds the macros of the packs. The problems are those of the macros themselves.
func (l *Language) AddMacros(packs []*rulefile.Pack) (problems diag.Problems) {
	for _, p := range packs {
		for i := range p.Macros {
			problems = append(problems, l.addMacro(&p.Macros[i])...)
		}
	}
	return append(problems, l.macros.cycles()...)
}

// addMacro adds a macro, when its parameters have types that there are.
func (l *Language) addMacro(declared *rulefile.Macro) (problems diag.Problems) {
	for _, p := range declared.Params {
		if !p.Type.Present() || l.paramTypes[p.Type.Value] != nil {
			continue
		}
		known := slices.Sorted(maps.Keys(l.simpleTypes()))
		problem := p.Type.Problem(CodeType, 0, 0, fmt.Sprintf("unknown type `%s`", p.Type.Value))
		if problem.Suggestion = didYouMean(p.Type.Value, known); problem.Suggestion == "" {
			problem.Suggestion = "known: " + strings.Join(known, ", ") + ", list(TYPE), and the names of tables for event itself"
		}
		problems = append(problems, problem)
	}
	found := l.macros.add(declared)
	if problems = append(problems, found...); len(problems) > 0 {
		l.macros.byName[declared.Name.Value].body = nil
	}
	return problems
}

func typedFunctions(all map[string]*types.Type) (options []cel.EnvOption) {
	same := cel.UnaryBinding(func(v ref.Val) ref.Val { return v })
	for _, name := range slices.Sorted(maps.Keys(all)) {
		options = append(options, cel.Function(typedPrefix+name,
			cel.Overload("typed_"+name, []*types.Type{all[name]}, all[name], same)))
	}
	return options
}

// typed puts an argument into the check of its type.
func (x *expansion) typed(argument ast.Expr, m *macro, i int) ast.Expr {
	if m.types[i] == "" {
		return argument
	}
	x.asked[argument.ID()] = parameter{m.declared.Name.Value, m.params[i], m.types[i]}
	check := x.fac.NewCall(x.fresh(), typedPrefix+m.types[i], argument)
	at, _ := x.source.GetOffsetRange(argument.ID())
	x.source.SetOffsetRange(check.ID(), at)
	if outer, ok := x.inside[argument.ID()]; ok {
		x.inside[check.ID()] = outer
	}
	return check
}

// isTyped reports whether e is the check of an argument's type.
func isTyped(e ast.Expr) bool {
	return e.Kind() == ast.CallKind && strings.HasPrefix(e.AsCall().FunctionName(), typedPrefix)
}

// untyped is e without checks around it.
func untyped(e ast.Expr) ast.Expr {
	for isTyped(e) {
		e = e.AsCall().Args()[0]
	}
	return e
}

// untype takes all checks out of e.
func untype(e ast.Expr) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if isTyped(e) {
			e.SetKindCase(untyped(e))
		}
	}))
}
