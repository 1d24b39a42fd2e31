package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// maxNodes bounds what macros may make of one expression: macros that use macros grow fast.
const maxNodes = 20_000

// macros are the macros of all rule files, parsed.
type macros struct {
	env    *cel.Env // knows syntax only; types are checked where a macro is used
	byName map[string]*macro
	fac    ast.ExprFactory
	near   hints // suggestions of names of macros and lists
}

// macro is an expression that is written into the place of each use.
type macro struct {
	declared *rulefile.Macro
	params   []string
	types    []string // of params; "" takes anything
	body     ast.Expr // nil when it doesn't parse
	source   *ast.SourceInfo
}

func newMacros(env *cel.Env) (*macros, error) {
	return &macros{env: env, byName: map[string]*macro{}, fac: ast.NewExprFactory()}, nil
}

// add parses a macro. Its names of loop variables are made unlike all others, so that they can't catch those in an
// argument.
func (m *macros) add(declared *rulefile.Macro) diag.Problems {
	out := &macro{declared: declared}
	m.byName[declared.Name.Value] = out
	for _, p := range declared.Params {
		name := p.Name.Value
		if slices.Contains(words(), name) || slices.Contains(out.params, name) {
			return diag.Problems{p.Name.Problem(CodeName, 0, 0, fmt.Sprintf("a parameter can't be called `%s`: the name is taken", name))}
		}
		out.params, out.types = append(out.params, name), append(out.types, p.Type.Value)
	}
	if !declared.Expr.Present() {
		return nil // the rule file has been reported
	}
	parsed, issues := m.env.Parse(declared.Expr.Value)
	if issues.Err() != nil {
		return syntaxProblems(whole(declared.Expr), issues)
	}
	out.body, out.source = parsed.NativeRep().Expr(), parsed.NativeRep().SourceInfo()
	unique := 0
	out.body = m.rename(out.body, func(name string) string {
		unique++
		return fmt.Sprintf("%s@%s%d", name, declared.Name.Value, unique)
	})
	return nil
}

// rename gives the variables of loops in e new names, inner loops first.
func (m *macros) rename(e ast.Expr, fresh func(string) string) ast.Expr {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.ComprehensionKind {
			return
		}
		c := e.AsComprehension()
		name := fresh(c.IterVar())
		for _, part := range []ast.Expr{c.LoopCondition(), c.LoopStep()} {
			m.substitute(part, map[string]ast.Expr{c.IterVar(): m.fac.NewIdent(0, name)}, keepIDs)
		}
		e.SetKindCase(m.fac.NewComprehension(e.ID(), c.IterRange(), name, c.AccuVar(), c.AccuInit(), c.LoopCondition(),
			c.LoopStep(), c.Result()))
	}))
	return e
}

// keepIDs is for expressions whose places don't matter.
func keepIDs(_, with ast.Expr) ast.Expr { return with }

// substitute replaces names by expressions, each use by a copy of its own, which copied gets together with the use. The
// use keeps its id.
func (m *macros) substitute(e ast.Expr, by map[string]ast.Expr, copied func(use, with ast.Expr) ast.Expr) {
	var uses []ast.Expr
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.IdentKind {
			uses = append(uses, e)
		}
	}))
	for _, use := range uses {
		if with, ok := by[use.AsIdent()]; ok {
			use.SetKindCase(copied(use, m.fac.CopyExpr(with)))
		}
	}
}

// called is the macro that a call names, "" when e isn't macros.NAME(..).
func called(e ast.Expr) string {
	if e.Kind() != ast.CallKind || !e.AsCall().IsMemberFunction() {
		return ""
	}
	target := e.AsCall().Target()
	if target.Kind() != ast.IdentKind || target.AsIdent() != varMacros {
		return ""
	}
	return e.AsCall().FunctionName()
}

// expansion writes macros into one expression.
type expansion struct {
	*macros
	in     fragment
	source *ast.SourceInfo
	nextID int64
	nodes  int
	used   map[string]bool
	// inside tells which macro the nodes of a body came from, by their ids.
	inside map[int64]string
	// asked tells which parameter of which macro an argument is checked for, by the ids of the arguments.
	asked          map[int64]parameter
	problems       diag.Problems
	wrongArguments diag.Problems // see checkTyped
}

// expand writes the macros that parsed uses into it, in place.
func (m *macros) expand(in fragment, parsed *ast.AST) *expansion {
	x := &expansion{macros: m, in: in, source: parsed.SourceInfo(), used: map[string]bool{}, inside: map[int64]string{}, asked: map[int64]parameter{}}
	for id := range parsed.IDs() {
		x.nextID = max(x.nextID, id)
	}
	x.walk(parsed.Expr(), nil)
	return x
}

// walk writes macros into e; within are the names of the macros on the way here.
func (x *expansion) walk(e ast.Expr, within []string) {
	for range len(x.byName) + 1 { // a body may be nothing but the use of another macro
		name := called(e)
		if name == "" {
			break
		}
		for _, argument := range e.AsCall().Args() {
			x.walk(argument, within) // before it stands in the body: it may use the same macro
		}
		if !x.replace(e, name, within) {
			x.blank(e)
			return
		}
		within = append(slices.Clone(within), name)
	}
	for _, child := range Children(e) {
		x.walk(child, within)
	}
}

// fresh is an id that no node of the expression has.
func (x *expansion) fresh() int64 {
	x.nextID++
	return x.nextID
}

// blank puts something that goes with everything into the place of a use that can't be written in, so that the type
// checker finds only other mistakes.
func (x *expansion) blank(use ast.Expr) {
	use.SetKindCase(x.fac.NewCall(use.ID(), "dyn", x.fac.NewLiteral(x.fresh(), types.True)))
}

// replace puts the body of the macro into the place of its use.
func (x *expansion) replace(use ast.Expr, name string, within []string) bool {
	call := use.AsCall()
	m, ok := x.byName[name]
	switch {
	case !ok:
		x.refuse(use, CodeName, fmt.Sprintf("no macro is called `%s`", name), x.near.suggest(name, func() []string { return names(x.byName) }))
		return false
	case m.body == nil || slices.Contains(within, name):
		return false // reported where it is declared
	case len(call.Args()) != len(m.params):
		x.refuse(use, CodeType, fmt.Sprintf("the macro `%s` takes %s, not %d", name, arguments(m.params), len(call.Args())), "")
		return false
	}
	x.used[name] = true
	at, _ := x.source.GetOffsetRange(use.ID())
	x.inside[use.ID()] = name
	body := x.renumbered(x.fac.CopyExpr(m.body), func(int64) ast.OffsetRange { return at }, name)
	given := map[string]ast.Expr{}
	for i, param := range m.params {
		given[param] = x.typed(call.Args()[i], m, i)
	}
	x.substitute(body, given, x.argument)
	if x.nodes > maxNodes {
		x.refuse(use, CodeCost, fmt.Sprintf("the macros make more than %d parts of this expression", maxNodes), "")
		return false
	}
	use.SetKindCase(body)
	return true
}

// argument gives a copy of an argument ids of its own, and its place and origin to the node of the body that it replaces,
// so that what is wrong with it is said at the argument.
func (x *expansion) argument(use, with ast.Expr) ast.Expr {
	with = x.renumbered(with, func(id int64) ast.OffsetRange { r, _ := x.source.GetOffsetRange(id); return r }, "")
	at, _ := x.source.GetOffsetRange(with.ID())
	x.source.SetOffsetRange(use.ID(), at)
	delete(x.inside, use.ID())
	if outer, ok := x.inside[with.ID()]; ok {
		x.inside[use.ID()] = outer
	}
	if p, ok := x.asked[with.ID()]; ok {
		x.asked[use.ID()] = p
	}
	return with
}

func arguments(params []string) string {
	switch len(params) {
	case 0:
		return "no arguments"
	case 1:
		return "1 argument (" + params[0] + ")"
	}
	return fmt.Sprintf("%d arguments (%s)", len(params), strings.Join(params, ", "))
}

// renumbered gives the nodes of e ids of their own, with places in the expression's text.
func (x *expansion) renumbered(e ast.Expr, at func(id int64) ast.OffsetRange, from string) ast.Expr {
	e.RenumberIDs(func(old int64) int64 {
		place := at(old)
		x.nextID++
		x.nodes++
		x.source.SetOffsetRange(x.nextID, place)
		if p, ok := x.asked[old]; ok {
			x.asked[x.nextID] = p
		}
		if from != "" {
			x.inside[x.nextID] = from
		} else if outer, ok := x.inside[old]; ok {
			x.inside[x.nextID] = outer
		}
		return x.nextID
	})
	return e
}

func (x *expansion) refuse(e ast.Expr, code, message, suggestion string) {
	at, _ := x.source.GetOffsetRange(e.ID())
	p := problemAt(x.in, code, int(at.Start), message)
	p.Suggestion = suggestion
	x.problems = append(x.problems, p)
}

// parameter is a parameter of a macro.
type parameter struct{ macro, name, typ string }

// cycles reports macros that use themselves, directly or through others: one problem for each cycle, at the macro whose name comes
// first. The macros of a cycle lose their bodies, which keeps their uses from being reported as well.
func (m *macros) cycles() (problems diag.Problems) {
	done := map[string]bool{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if at := slices.Index(way, name); at >= 0 {
			problems = append(problems, m.cycle(way[at:]))
			return
		}
		if done[name] || m.byName[name] == nil || m.byName[name].body == nil {
			return
		}
		for _, next := range macrosIn(m.byName[name].body) {
			visit(next, append(slices.Clone(way), name))
		}
		done[name] = true
	}
	for _, name := range names(m.byName) {
		visit(name, nil)
	}
	return problems
}

func (m *macros) cycle(way []string) diag.Problem {
	first := slices.Index(way, slices.Min(way))
	way = append(slices.Clone(way[first:]), way[:first]...)
	for _, name := range way {
		m.byName[name].body = nil
	}
	text := m.byName[way[0]].declared.Expr
	return text.Problem(CodeName, 0, 0, fmt.Sprintf("the macro `%s` uses itself: %s > %s", way[0], strings.Join(way, " > "), way[0]))
}

// macrosIn are the names of the macros that e uses.
func macrosIn(e ast.Expr) (all []string) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if name := called(e); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}))
	return all
}
