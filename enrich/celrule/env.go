package celrule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Names of the variables of the language.
const (
	varEvent   = "event"
	varLists   = "lists"
	varMacros  = "macros"
	varContext = "context"
	varNow     = "now"
)

// listsType is the type of the variable lists.
const listsType = "Lists"

// words are the names that a let can't have.
func words() []string { return []string{varEvent, varLists, varMacros, varContext, varNow} }

// language is everything that the expressions of one set of files may use.
type language struct {
	views    *viewTypes
	context  *objectType
	lists    *objectType
	sets     map[string]*list
	declared map[string]*rulefile.List
	macros   *macros
	tables   map[string]*table
	provider *provider
	envs     map[*table]*cel.Env
	shared   map[sharing]*expression // nil when the set is compiled
	idle     *idle                   // likewise
	// functions are all functions beside CEL's own, for suggestions and the list of the language.
	functions []function
	// paramTypes are the types that the parameters of macros name.
	paramTypes map[string]*types.Type
}

// newLanguage returns the language for the tables that the packs name and the lists that they declare. Tables that
// nobody knows are left out.
func newLanguage(packs []*rulefile.Pack) (*language, error) {
	l := &language{
		views: newViewTypes(), context: newContextType(), lists: newObjectType(listsType, "the lists of the rule files"),
		sets: map[string]*list{}, declared: map[string]*rulefile.List{}, tables: map[string]*table{}, envs: map[*table]*cel.Env{},
		shared: map[sharing]*expression{}, idle: &idle{used: newUses()},
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
				if t, ok := newTable(name.Value, l.views); ok {
					l.tables[name.Value] = t
				}
			}
		}
	}
	l.paramTypes = l.typesOf(packs)
	return l, l.build()
}

func (l *language) addList(declared *rulefile.List) {
	set := newSet(declared.Values(), declared.CaseInsensitive)
	l.sets[declared.Name.Value], l.declared[declared.Name.Value] = set, declared
	l.lists.add(declared.Name.Value, field{doc: declared.Doc.Value, typ: texts, get: func(any) ref.Val { return set }})
}

// sortedTables are the tables in the order of their names, so that nothing depends on the order of files.
func (l *language) sortedTables() []*table {
	var out []*table
	for _, name := range slices.Sorted(maps.Keys(l.tables)) {
		out = append(out, l.tables[name])
	}
	return out
}

// build makes one environment a table.
func (l *language) build() error {
	all := append(l.views.all(), l.context, l.lists)
	l.functions = append(functions(l.views), targetMethods(l.views)...)
	l.functions = append(l.functions, contextMethods(l.context.cel)...)
	for _, t := range l.sortedTables() {
		all = append(all, t.typ)
		l.functions = append(l.functions, t.methods(l.views)...)
	}
	var err error
	if l.provider, err = newProvider(all...); err != nil {
		return fmt.Errorf("set up the rule language: %w", err)
	}
	base, err := cel.NewCustomEnv(l.options()...)
	if err != nil {
		return fmt.Errorf("set up the rule language: %w", err)
	}
	for _, t := range l.sortedTables() {
		if l.envs[t], err = base.Extend(cel.Variable(varEvent, t.typ.cel)); err != nil {
			return fmt.Errorf("set up the rule language for %s: %w", t.name, err)
		}
	}
	l.macros, err = newMacros(base)
	return err
}

func (l *language) options() []cel.EnvOption {
	options := []cel.EnvOption{
		cel.StdLib(), cel.CustomTypeAdapter(l.provider), cel.CustomTypeProvider(l.provider), cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true), cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(2 * rulefile.MaxExpression), cel.ParserRecursionLimit(maxNestedExpression),
		cel.Variable(varLists, l.lists.cel), cel.Variable(varContext, l.context.cel), cel.Variable(varNow, types.TimestampType),
		nullFunction(), shortFunction(),
	}
	options = append(options, typedFunctions(l.paramTypes)...)
	for _, f := range l.functions {
		options = append(options, cel.Function(f.name, f.opts...))
	}
	return options
}

// tableNamed is a table that a rule of the packs names; false for one that nobody knows.
func (l *language) tableNamed(name string) (*table, bool) {
	t, ok := l.tables[name]
	return t, ok
}

// variables are the values of lists and of context, which is the same for all tables.
func (l *language) variables(known *surroundings) (lists, context *object) {
	return newObject(l.lists, l), newObject(l.context, known)
}

// list is the list of the rule files with the name, as rule files and tuning files have it, and as rules see it; nil for a
// name that no list has.
func (l *language) list(name string) (declared *rulefile.List, items *list) {
	return l.declared[name], l.sets[name]
}

// macro is the macro with the name, nil for none.
func (l *language) macro(name string) *rulefile.Macro {
	if m, ok := l.macros.byName[name]; ok {
		return m.declared
	}
	return nil
}

// seal lets go of what is needed only while rules are compiled.
func (l *language) seal() { l.shared, l.idle = nil, nil }

// maxNestedExpression bounds how deep parentheses and calls may nest.
const maxNestedExpression = 100
