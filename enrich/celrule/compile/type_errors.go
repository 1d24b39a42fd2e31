package compile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// explainer turns the type checker's complaints about one expression into problems.
type explainer struct {
	in     fragment
	lang   *Language
	table  *event.Table
	lets   map[string]*types.Type
	parsed *ast.AST
	inside map[int64]string // node -> macro
}

func (x *explainer) problems(issues *cel.Issues) (out diag.Problems) {
	seen := map[string]bool{}
	for _, e := range issues.Errors() {
		p := x.problem(e)
		if m, ok := x.inside[e.ExprID]; ok {
			p.Message = fmt.Sprintf("in the macro `%s`: %s", m, p.Message)
		}
		if key := p.Message + p.Pos.String(); !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

func (x *explainer) problem(e *cel.Error) diag.Problem {
	at := func(code, message string) diag.Problem {
		return problemAt(x.in, code, offsetOf(x.in.expr, e), message)
	}
	if m := undefinedField.FindStringSubmatch(e.Message); m != nil {
		return x.unknownField(e.ExprID, m[1], at)
	}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		return x.unknownName(e.ExprID, m[1], at)
	}
	at = func(code, message string) diag.Problem { return problemAt(x.in, code, x.culprit(e), message) }
	if m := noOverload.FindStringSubmatch(e.Message); m != nil {
		return x.wrongArguments(m[1], m[2], at)
	}
	if m := noSelection.FindStringSubmatch(e.Message); m != nil {
		return at(CodeField, fmt.Sprintf("a value of type %s has no fields", typeWord(m[1])))
	}
	if m := typeMismatch.FindStringSubmatch(e.Message); m != nil {
		return at(CodeType, fmt.Sprintf("want %s, found %s", typeWord(m[1]), typeWord(m[2])))
	}
	return at(CodeType, e.Message)
}

func (x *explainer) unknownField(id int64, name string, at placed) diag.Problem {
	owner := x.ownerOf(id)
	switch {
	case owner == nil:
		return at(CodeField, fmt.Sprintf("unknown field `%s`", name))
	case owner.Name == listsType:
		p := at(CodeName, fmt.Sprintf("no list is called `%s`", name))
		p.Suggestion = x.lang.macros.near.suggest(name, func() []string { return names(owner.Fields) })
		return p
	}
	p := at(CodeField, fmt.Sprintf("unknown field `%s` on %s", name, owner.Name))
	if x.table != nil && owner == x.table.Type {
		if p.Suggestion = x.elsewhere(name); p.Suggestion != "" {
			return p
		}
	}
	p.Suggestion = didYouMean(name, append(names(owner.Fields), x.methodsOf(owner.Name)...))
	if p.Suggestion == "" && x.table != nil && owner == x.table.Type {
		if p.Suggestion = columnElsewhere(name); x.openColumns() {
			p.Suggestion = fmt.Sprintf("a column of such a table is event.column(\"%s\")", name)
		}
	}
	return p
}

// columnElsewhere names tables that have the column; "" when none has.
func columnElsewhere(name string) string {
	var tables []string
	for _, known := range schema.Names() {
		if isColumn(known, name) {
			tables = append(tables, known)
		}
	}
	const shown = 3
	if left := len(tables) - shown; left > 0 {
		tables = append(tables[:shown], fmt.Sprintf("%d more", left))
	}
	if len(tables) == 0 {
		return ""
	}
	return "it is a column of " + strings.Join(tables, ", ") + ": a rule sees only those of its own tables"
}

// openColumns reports whether the table may have columns that riskrelay doesn't know.
func (x *explainer) openColumns() bool {
	known, typed := schema.Lookup(x.table.Name)
	return !typed || known.Guessed
}

func (x *explainer) methodsOf(typ string) []string {
	var out []string
	for _, f := range x.lang.functions {
		if f.Of == typ {
			out = append(out, f.Name)
		}
	}
	return out
}

// ownerOf is the type of what the field is asked of, nil when it isn't known.
func (x *explainer) ownerOf(id int64) *celval.ObjectType {
	var found ast.Expr
	ast.PostOrderVisit(x.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.ID() == id && e.Kind() == ast.SelectKind:
			found = e.AsSelect().Operand()
		case e.ID() == id && e.Kind() == ast.CallKind && len(e.AsCall().Args()) > 0:
			found = e.AsCall().Args()[0] // a.?b
		}
	}))
	if found == nil {
		return nil
	}
	return x.typeOf(found)
}

// typeOf follows names, fields and methods as far as their types are objects of this language.
func (x *explainer) typeOf(e ast.Expr) *celval.ObjectType {
	switch e.Kind() {
	case ast.IdentKind:
		switch name := e.AsIdent(); name {
		case VarEvent:
			return x.table.Type
		case VarLists:
			return x.lang.lists
		case VarContext:
			return x.lang.context
		default:
			if t, ok := x.lets[name]; ok {
				return x.lang.provider.TypeNamed(t.TypeName())
			}
		}
	case ast.SelectKind:
		if owner := x.typeOf(e.AsSelect().Operand()); owner != nil {
			if f, ok := owner.Fields[e.AsSelect().FieldName()]; ok {
				return x.lang.provider.TypeNamed(f.Type.TypeName())
			}
		}
	case ast.CallKind:
		for _, f := range x.lang.functions {
			if f.Name == e.AsCall().FunctionName() {
				if t := x.lang.provider.TypeNamed(f.Result); t != nil {
					return t
				}
			}
		}
	}
	return nil
}

func (x *explainer) unknownName(id int64, name string, at placed) diag.Problem {
	if function, method := x.callOf(id); function {
		p := at(CodeName, fmt.Sprintf("no function is called `%s`", name))
		among := []string{"size", "has", "matches", "contains", "startsWith", "endsWith", "exists", "all", "filter", "map"}
		for _, f := range x.lang.functions {
			if (f.Of != "") == method {
				among = append(among, f.Name)
			}
		}
		if method {
			p.Suggestion = x.elsewhere(name)
		}
		p.Suggestion = cmp.Or(p.Suggestion, didYouMean(name, among))
		return p
	}
	if name == varMacros {
		return at(CodeName, "a macro is used as macros.name(...)")
	}
	p := at(CodeName, fmt.Sprintf("unknown name `%s`", name))
	if _, ok := x.table.Type.Fields[name]; ok {
		p.Suggestion = "did you mean `event." + name + "`?"
		return p
	}
	p.Suggestion = didYouMean(name, append(words(), names(x.lets)...))
	if _, ok := x.lang.sets[name]; ok && p.Suggestion == "" {
		p.Suggestion = "did you mean `lists." + name + "`?"
	}
	return p
}

// callOf tells whether the node is a call, and whether one with a receiver.
func (x *explainer) callOf(id int64) (function, method bool) {
	ast.PostOrderVisit(x.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id && e.Kind() == ast.CallKind {
			function, method = true, e.AsCall().IsMemberFunction()
		}
	}))
	return function, method
}

func (x *explainer) wrongArguments(function, arguments string, at placed) diag.Problem {
	arguments, function = typeWord(arguments), strings.Replace(function, ShortFunction, "matches", 1)
	if operator := OperatorWord(function); operator != "" {
		types := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(arguments, "("), ")"), ", ", " and ")
		p := at(CodeType, fmt.Sprintf("`%s` can't work on %s", operator, types))
		p.Suggestion = foreignOperand(types)
		return p
	}
	if receiver, rest, ok := strings.Cut(arguments, ".("); ok {
		p := at(CodeType, fmt.Sprintf("%s has no function `%s` for (%s", receiver, function, rest))
		p.Suggestion = x.usage(function, receiver)
		if p.Suggestion == "" && receiver == x.table.Name {
			p.Suggestion = x.elsewhere(function)
		}
		return p
	}
	p := at(CodeType, fmt.Sprintf("`%s` can't take %s", function, arguments))
	p.Suggestion = cmp.Or(x.usage(function, ""), foreignCall(function, arguments))
	return p
}

// usage shows how a function of this language is called.
func (x *explainer) usage(function, receiver string) string {
	for _, f := range x.lang.functions {
		if f.Name == function && f.Of == receiver {
			return "it is " + f.Signature()
		}
	}
	return ""
}

var (
	undefinedField = regexp.MustCompile(`^undefined field '(.*)'$`)
	undeclared     = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload     = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	noSelection    = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	typeMismatch   = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)
)

type placed func(code, message string) diag.Problem

// culprit is where a value of the wrong type stands, in characters of the expression: an argument when the body of a
// macro can't work on it and nothing else came from outside, the place that the type checker names otherwise.
func (x *explainer) culprit(e *cel.Error) int {
	macro, inside := x.inside[e.ExprID]
	var given []ast.Expr
	ast.PostOrderVisit(x.parsed.Expr(), ast.NewExprVisitor(func(node ast.Expr) {
		if node.ID() != e.ExprID || !inside {
			return
		}
		for _, child := range Children(node) {
			if x.inside[child.ID()] != macro {
				given = append(given, child)
			}
		}
	}))
	if len(given) != 1 {
		return offsetOf(x.in.expr, e)
	}
	at, _ := x.parsed.SourceInfo().GetOffsetRange(given[0].ID())
	return int(at.Start)
}

// elsewhere says for people which other tables have event.NAME, "" if none has.
func (x *explainer) elsewhere(name string) string {
	var tables []string
	for _, known := range schema.Names() {
		t, _ := event.NewTable(known, x.lang.views)
		_, isField := t.Type.Fields[name]
		isMethod := slices.ContainsFunc(t.Methods(), func(f event.Function) bool { return f.Name == name })
		if isField && !isColumn(known, name) || isMethod {
			tables = append(tables, known)
		}
	}
	if len(tables) == 0 {
		return ""
	}
	return fmt.Sprintf("only the rows of %s have event.%s", strings.Join(tables, " and "), name)
}
