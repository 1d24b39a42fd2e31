package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// compiler compiles the expressions of one rule for one table, lets first, so that each sees those before it.
type compiler struct {
	lang     *Language
	table    *event.Table
	env      *cel.Env
	lets     map[string]*types.Type
	problems diag.Problems
	// aliases are by the name of a let what it is another name of.
	aliases map[string]alias
	// incomplete says that the rule lacks an expression that it needs.
	incomplete bool
	// unfilled are the fields of exceptions that have no values.
	unfilled []*Expression
}

func newCompiler(l *Language, t *event.Table) *compiler {
	return &compiler{lang: l, table: t, env: l.envs[t], lets: map[string]*types.Type{}, aliases: map[string]alias{}}
}

// compile compiles the text of one expression. It returns nil if there is none, or after it noted problems that are errors. The
// type of the result must be one of want, if any are given; key is what messages call the expression.
func (c *compiler) compile(in fragment, key string, want ...*types.Type) *Expression {
	same := sharing{c.table, in.expr, key}
	if e := c.lang.shared[same]; e != nil {
		return e
	}
	if !in.text.Present() {
		c.incomplete = true // the rule file has been reported
		return nil
	}
	before := len(c.problems)
	e := c.compileAnew(in, key, want...)
	if e != nil && len(e.uses.Lets) == 0 && c.lang.shared != nil && len(c.problems) == before {
		c.lang.shared[same] = e
	}
	return e
}

func (c *compiler) compileAnew(in fragment, key string, want ...*types.Type) *Expression {
	text, texts, holes := shapeOf(in.expr)
	shared := c.sharedTree(in, text, holes)
	if e := c.compileShared(in, key, want, shared, texts); e != nil {
		return e
	}
	e, found := c.compileAlone(in, key, want)
	if len(found) > 0 && shared != nil {
		shared.refused = true
	}
	c.problems = append(c.problems, found...)
	return e
}

// compileAlone compiles an expression by a tree of its own.
func (c *compiler) compileAlone(in fragment, key string, want []*types.Type) (*Expression, diag.Problems) {
	parsed, written, found := c.write(in)
	if parsed == nil {
		return nil, found
	}
	uses, aliases, refused := c.inspect(in, parsed.NativeRep(), written)
	found = append(found, refused...)
	t, mistyped := c.check(in, parsed, written)
	found = append(found, mistyped...)
	if t != nil {
		found = append(found, c.read(in, t.checked, written, aliases)...)
	}
	if found.HasErrors() {
		return nil, found
	}
	e, refusal := c.finish(in, key, want, &Expression{tree: t, uses: uses}, t.checked)
	return e, append(found, refusal...)
}

// compileShared compiles an expression by the tree of its shape. It is nil when there is none, and when there is anything to report: then
// the expression has to be compiled from its own text, in which each problem has its place.
func (c *compiler) compileShared(in fragment, key string, want []*types.Type, s *sharedTree, texts []string) *Expression {
	if s == nil || s.tree == nil || s.refused {
		return nil
	}
	e := &Expression{tree: s.tree, texts: texts}
	checked := e.Checked()
	uses, aliases, found := c.inspect(in, checked, s.written)
	if found = append(found, c.read(in, checked, s.written, aliases)...); len(found) > 0 {
		return nil
	}
	e.uses = uses
	if e, found = c.finish(in, key, want, e, checked); len(found) > 0 {
		return nil
	}
	return e
}

// maxShapes bounds how many shapes of expressions are remembered while rules are compiled.
const maxShapes = 4096

// shape is what expressions have in common that can share a tree: what their names mean, and how they are written, texts apart.
type shape struct {
	env  *cel.Env
	text string
}

// sharedTree is what is known of a shape.
type sharedTree struct {
	tree    *tree // nil until the shape is seen for the second time
	written *expansion
	refused bool // there was something to report of such an expression, so that each gets a tree of its own
}

// sharedTree is what is known of the shape with the text and the holes, nil for one that isn't remembered.
func (c *compiler) sharedTree(in fragment, text string, holes []hole) *sharedTree {
	same := shape{c.env, text}
	s := c.lang.trees[same]
	switch {
	case text == "" || c.lang.trees == nil:
	case s == nil && len(c.lang.trees) < maxShapes:
		s = &sharedTree{}
		c.lang.trees[same] = s
	case s != nil && s.tree == nil && !s.refused:
		if s.tree, s.written = c.treeOf(fragment{text: in.text, expr: text}); s.tree == nil {
			s.refused = true
			return s
		}
		s.tree.holes = holes
	}
	return s
}

// treeOf is the tree of an expression about which there is nothing to say, nil for another.
func (c *compiler) treeOf(in fragment) (*tree, *expansion) {
	parsed, written, found := c.write(in)
	if len(found) > 0 {
		return nil, nil
	}
	t, _ := c.check(in, parsed, written)
	return t, written
}

// write parses an expression and writes macros into it. What it returns is nil when the expression can't be parsed.
func (c *compiler) write(in fragment) (*cel.Ast, *expansion, diag.Problems) {
	parsed, issues := c.env.Parse(in.expr)
	if issues.Err() != nil {
		return nil, nil, syntaxProblems(in, issues)
	}
	written := c.lang.macros.expand(in, parsed.NativeRep())
	rewrite(parsed.NativeRep().Expr(), parsed.NativeRep().SourceInfo(), written.fresh)
	written.wrongArguments = c.checkTyped(in, parsed, written)
	return parsed, written, append(written.problems, written.wrongArguments...)
}

// inspect notes what the expression uses.
func (c *compiler) inspect(in fragment, parsed *ast.AST, written *expansion) (Uses, map[string]alias, diag.Problems) {
	i := &inspector{
		in: in, source: parsed.SourceInfo(), table: c.table, uses: newUses(), methods: c.methods(), needs: c.lang.needs,
		isLet: func(name string) bool { return c.lets[name] != nil }, lists: func(name string) *rulefile.List { return c.lang.declared[name] },
	}
	i.aliases = c.visibleAliases(parsed.Expr())
	i.walk(parsed.Expr())
	i.uses.Macros = written.used
	return i.uses, i.aliases, i.problems
}

// check checks the types of an expression; the tree is nil when they don't fit.
func (c *compiler) check(in fragment, parsed *cel.Ast, written *expansion) (*tree, diag.Problems) {
	checked, issues := c.env.Check(parsed)
	switch {
	case issues.Err() == nil:
		return &tree{lang: c.lang, env: c.lang.envs[c.table], checked: checked.NativeRep()}, nil
	case len(written.wrongArguments) > 0: // the body of the macro complains, too
		return nil, nil
	}
	x := &explainer{in: in, lang: c.lang, table: c.table, lets: c.lets, parsed: parsed.NativeRep(), inside: written.inside}
	return nil, x.problems(issues)
}

// read looks for texts in a checked expression that can't be meant.
func (c *compiler) read(in fragment, checked *ast.AST, written *expansion, aliases map[string]alias) diag.Problems {
	v := &vocabulary{in: in, lang: c.lang, checked: checked, inside: written.inside, aliases: aliases, table: c.table.Name}
	found := v.problemsIn()
	return append(found, v.surprisesIn()...)
}

// methods are the columns that the methods of event read in this table.
func (c *compiler) methods() map[string][]string {
	out := map[string][]string{}
	for _, f := range c.lang.functions {
		if f.Of == c.table.Name {
			out[f.Name] = f.Columns
		}
	}
	return out
}

// finish looks at what comes out of the expression and at what it can cost. It is nil when there is a problem.
func (c *compiler) finish(in fragment, key string, want []*types.Type, e *Expression, checked *ast.AST) (*Expression, diag.Problems) {
	refuse := func(code, message string) (*Expression, diag.Problems) {
		return nil, diag.Problems{in.problem(code, 0, 0, message)}
	}
	if got := checked.GetType(checked.Expr().ID()); len(want) > 0 && got.Kind() != types.DynKind && !slices.ContainsFunc(want, got.IsExactType) {
		return refuse(CodeResult, notA(key, want[0].String(), got.String()))
	}
	cost, err := checker.Cost(checked, estimator{c.lang})
	if err != nil {
		return refuse(CodeCost, fmt.Sprintf("estimate the cost: %v", err))
	}
	if cost.Max > maxCost {
		return refuse(CodeCost, "the expression could take too long on a large event: it goes through lists inside of lists")
	}
	e.Watched = cost.Max > boundedCost
	return e, nil
}

// Tracked returns a program of the expression that keeps the value of each node, for explanations.
func (l *Language) Tracked(e *Expression, t *event.Table) (cel.Program, error) {
	checked := e.Checked()
	program, err := l.envs[t].PlanProgram(checked, cel.EvalOptions(cel.OptTrackState), cel.CustomDecoratorV2(l.newMeters(checked).decorate))
	if err != nil {
		return nil, fmt.Errorf("plan the expression: %w", err)
	}
	return program, nil
}

// let compiles a let and makes its name known to what follows. After an error the name stands for anything, so that
// nothing else is reported about it.
func (c *compiler) let(declared rulefile.Let) *Expression {
	name := declared.Name.Value
	if slices.Contains(words(), name) {
		c.problems = append(c.problems, declared.Name.Problem(CodeName, 0, 0, fmt.Sprintf("a let can't be called `%s`: the name is taken", name)))
		return nil
	}
	e := c.compile(whole(declared.Expr), "")
	typ := types.DynType
	if e != nil {
		typ = e.ResultType()
	}
	if err := c.declare(name, typ); err != nil {
		c.problems = append(c.problems, declared.Name.Problem(CodeName, 0, 0, fmt.Sprintf("declare the let: %v", err)))
		return nil
	}
	if e != nil {
		c.noteAlias(name, e.Checked())
	}
	return e
}

// declared is an environment with one more let.
type declared struct {
	env       *cel.Env
	name, typ string
}

// declare makes the name of a let known. Rules that declare the same share what that takes.
func (c *compiler) declare(name string, typ *types.Type) error {
	key := declared{c.env, name, typ.String()}
	env := c.lang.scopes[key]
	if env == nil {
		var err error
		if env, err = c.env.Extend(cel.Variable(name, typ)); err != nil {
			return fmt.Errorf("extend the environment: %w", err)
		}
		if c.lang.scopes != nil {
			c.lang.scopes[key] = env
		}
	}
	c.env, c.lets[name] = env, typ
	return nil
}

// checkTyped checks the types of the arguments of macros, and takes the checks out of the expression.
func (c *compiler) checkTyped(in fragment, parsed *cel.Ast, x *expansion) (problems diag.Problems) {
	if len(x.asked) == 0 {
		return nil
	}
	arguments := map[int64]ast.Expr{} // by the ids of their checks
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if isTyped(e) {
			arguments[e.ID()] = e.AsCall().Args()[0]
		}
	}))
	_, issues := c.env.Check(parsed)
	for _, e := range issues.Errors() {
		m := noOverload.FindStringSubmatch(e.Message)
		if argument, ok := arguments[e.ExprID]; ok && m != nil {
			problems = append(problems, x.mistyped(in, argument, m[2]))
		}
	}
	untype(parsed.NativeRep().Expr())
	return Unique(problems)
}

// mistyped says that an argument has the wrong type; got is in parentheses.
func (x *expansion) mistyped(in fragment, argument ast.Expr, got string) diag.Problem {
	p := x.asked[argument.ID()]
	got = typeWord(strings.TrimSuffix(strings.TrimPrefix(got, "("), ")"))
	message := fmt.Sprintf("the macro `%s` wants %s for `%s`, not %s", p.macro, p.typ, p.name, got)
	if within, ok := x.inside[argument.ID()]; ok {
		message = fmt.Sprintf("in the macro `%s`: %s", within, message)
	}
	at, _ := x.source.GetOffsetRange(argument.ID())
	return problemAt(in, CodeType, int(at.Start), message)
}
