package compile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/env"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// listsType is the type of the variable lists.
const listsType = "Lists"

// Language is everything that the expressions of one set of files may use.
type Language struct {
	views    *event.ViewTypes
	context  *celval.ObjectType
	lists    *celval.ObjectType
	sets     map[string]*celval.List
	declared map[string]*rulefile.List
	macros   *macros
	tables   map[string]*event.Table
	provider *celval.Provider
	envs     map[*event.Table]*cel.Env
	// What expressions and rules share while they are compiled; nil when the set is compiled.
	shared map[sharing]*Expression
	trees  map[shape]*sharedTree
	scopes map[declared]*cel.Env
	unused *unused
	// functions are all functions beside CEL's own, for suggestions and the list of the language.
	functions []event.Function
	// What the records of functions and fields say, by their names: what a call costs, how often a field goes through the row,
	// the case of a result, the part of the context that a field or method of context needs.
	costs   map[string]event.Cost
	passes  map[string]int64
	lowered map[string]func(string) string
	needs   map[string]string
	// paramTypes are the types that the parameters of macros name.
	paramTypes map[string]*types.Type
}

// NewLanguage returns the language for the tables that the packs name and the lists that they declare. Tables that
// nobody knows are left out.
func NewLanguage(packs []*rulefile.Pack) (*Language, error) {
	l := &Language{
		views: event.NewViewTypes(), context: event.NewContextType(), lists: celval.NewObjectType(listsType, "the lists of the rule files"),
		sets: map[string]*celval.List{}, declared: map[string]*rulefile.List{}, tables: map[string]*event.Table{}, envs: map[*event.Table]*cel.Env{},
		shared: map[sharing]*Expression{}, trees: map[shape]*sharedTree{}, scopes: map[declared]*cel.Env{}, unused: &unused{used: newUses()},
	}
	for _, p := range packs {
		for i := range p.Lists {
			l.addList(&p.Lists[i])
		}
		for _, r := range p.Rules {
			for _, name := range r.Tables {
				if l.tables[name.Value] != nil {
					continue
				}
				if t := tableNamed(name.Value, l.views); t != nil {
					l.tables[name.Value] = t
				}
			}
		}
	}
	l.paramTypes = l.typesOf(packs)
	return l, l.build()
}

func (l *Language) addList(declared *rulefile.List) {
	set := celval.NewSet(declared.Values(), declared.CaseInsensitive)
	l.sets[declared.Name.Value], l.declared[declared.Name.Value] = set, declared
	l.lists.Add(declared.Name.Value, celval.Field{Doc: declared.Doc.Value, Type: event.TextList, Get: func(any) ref.Val { return set }})
}

// sortedTables are the tables in the order of their names, so that nothing depends on the order of files.
func (l *Language) sortedTables() []*event.Table {
	var out []*event.Table
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		out = append(out, l.tables[name])
	}
	return out
}

// build makes one environment a table.
func (l *Language) build() error {
	all := append(l.views.All(), l.context, l.lists)
	l.functions = append(event.Functions(l.views), event.TargetMethods(l.views)...)
	l.functions = append(l.functions, event.ContextMethods(l.context.CEL)...)
	for _, t := range l.sortedTables() {
		all = append(all, t.Type)
		l.functions = append(l.functions, t.Methods()...)
	}
	var err error
	l.lookUp(all)
	if l.provider, err = celval.NewProvider(all...); err != nil {
		return fmt.Errorf("set up the rule language: %w", err)
	}
	base, err := cel.NewCustomEnv(l.options()...)
	if err != nil {
		return fmt.Errorf("set up the rule language: %w", err)
	}
	for _, t := range l.sortedTables() {
		if l.envs[t], err = base.Extend(cel.Variable(VarEvent, t.Type.CEL)); err != nil {
			return fmt.Errorf("set up the rule language for %s: %w", t.Name, err)
		}
	}
	l.macros, err = newMacros(base)
	return err
}

// lookUp fills in what functions and fields are looked up for by their names.
func (l *Language) lookUp(all []*celval.ObjectType) {
	l.costs, l.passes, l.lowered, l.needs = map[string]event.Cost{}, map[string]int64{}, map[string]func(string) string{}, map[string]string{}
	for _, f := range l.functions {
		l.costs[f.Name], l.lowered[f.Name] = f.Cost, f.Lowered
		if f.Needs != "" {
			l.needs[f.Name] = f.Needs
		}
	}
	for _, t := range all {
		for name, f := range t.Fields {
			l.passes[name] = max(l.passes[name], f.Passes)
		}
	}
	for name, f := range l.context.Fields {
		if f.Needs != "" {
			l.needs[name] = f.Needs
		}
	}
}

func (l *Language) options() []cel.EnvOption {
	options := append(standardLibrary(),
		cel.CustomTypeAdapter(l.provider), cel.CustomTypeProvider(l.provider), cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(2*rulefile.MaxExpression), cel.ParserRecursionLimit(maxNestedExpression),
		cel.Variable(VarLists, l.lists.CEL), cel.Variable(VarContext, l.context.CEL), cel.Variable(VarNow, types.TimestampType),
		nullFunction(), emptyFunction(), shortFunction(),
	)
	options = append(options, typedFunctions(l.paramTypes)...)
	for _, f := range l.functions {
		options = append(options, cel.Function(f.Name, f.Options...))
	}
	return options
}

// Variables are the values of lists and of context, which is the same for all tables.
func (l *Language) Variables(known *event.Context) (lists, context *celval.Object) {
	return celval.NewObject(l.lists, l), celval.NewObject(l.context, known)
}

// List is the list of the rule files with the name, as rule files and tuning files have it, and as rules see it; nil for a
// name that no list has.
func (l *Language) List(name string) (declared *rulefile.List, items *celval.List) {
	return l.declared[name], l.sets[name]
}

// Macro is the macro with the name, nil for none.
func (l *Language) Macro(name string) *rulefile.Macro {
	if m, ok := l.macros.byName[name]; ok {
		return m.declared
	}
	return nil
}

// Seal lets go of what is needed only while rules are compiled. CompileRule and Unused must not be called afterwards.
func (l *Language) Seal() { l.shared, l.trees, l.scopes, l.unused = nil, nil, nil, nil }

// maxNestedExpression bounds how deep parentheses and calls may nest.
const maxNestedExpression = 100

func isColumn(table, name string) bool {
	t, ok := schema.Lookup(table)
	if !ok {
		return false
	}
	_, ok = t.Column(name)
	return ok
}

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
