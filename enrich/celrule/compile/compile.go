package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
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
	parsed, issues := c.env.Parse(in.expr)
	if issues.Err() != nil {
		c.problems = append(c.problems, syntaxProblems(in, issues)...)
		return nil
	}
	written := c.lang.macros.expand(in, parsed.NativeRep())
	rewrite(parsed.NativeRep().Expr(), parsed.NativeRep().SourceInfo(), written.fresh)
	typed := c.checkTyped(in, parsed, written)
	inspected := &inspector{
		in: in, source: parsed.NativeRep().SourceInfo(), table: c.table, uses: newUses(), methods: c.methods(), needs: c.lang.needs,
		isLet: func(name string) bool { return c.lets[name] != nil }, lists: func(name string) *rulefile.List { return c.lang.declared[name] },
	}
	inspected.aliases = c.visibleAliases(parsed.NativeRep().Expr())
	inspected.walk(parsed.NativeRep().Expr())
	inspected.uses.Macros = written.used
	found := append(append(written.problems, typed...), inspected.problems...)
	checked, issues := c.env.Check(parsed)
	if issues.Err() != nil && len(typed) == 0 { // the body of the macro complains, too
		x := &explainer{in: in, lang: c.lang, table: c.table, lets: c.lets, parsed: parsed.NativeRep(), inside: written.inside}
		found = append(found, x.problems(issues)...)
	}
	if issues.Err() == nil {
		v := &vocabulary{in: in, lang: c.lang, checked: checked.NativeRep(), inside: written.inside, aliases: inspected.aliases, table: c.table.Name}
		found = append(found, v.problemsIn()...)
		found = append(found, v.surprisesIn()...)
	}
	if c.problems = append(c.problems, found...); found.HasErrors() {
		return nil
	}
	if got := checked.OutputType(); len(want) > 0 && got.Kind() != types.DynKind && !slices.ContainsFunc(want, got.IsExactType) {
		c.problems = append(c.problems, in.problem(CodeResult, 0, 0, notA(key, want[0].String(), got.String())))
		return nil
	}
	return c.plan(in, checked, inspected.uses)
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

// plan makes the program, unless it can cost too much.
func (c *compiler) plan(in fragment, checked *cel.Ast, u Uses) *Expression {
	refuse := func(code, message string) *Expression {
		c.problems = append(c.problems, in.problem(code, 0, 0, message))
		return nil
	}
	cost, err := c.env.EstimateCost(checked, estimator{c.lang})
	if err != nil {
		return refuse(CodeCost, fmt.Sprintf("estimate the cost: %v", err))
	}
	if cost.Max > maxCost {
		return refuse(CodeCost, "the expression could take too long on a large event: it goes through lists inside of lists")
	}
	e := &Expression{Checked: checked.NativeRep(), Watched: cost.Max > boundedCost, uses: u}
	meters := c.lang.newMeters(e.Checked)
	e.cost = meters.whole
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(meters.decorate)}
	if e.Program, err = c.env.Program(checked, options...); err != nil {
		return refuse(CodeType, fmt.Sprintf("plan the expression: %v", err))
	}
	return e
}

// Tracked returns a program of the expression that keeps the value of each node, for explanations.
func (l *Language) Tracked(e *Expression, t *event.Table) (cel.Program, error) {
	program, err := l.envs[t].PlanProgram(e.Checked, cel.EvalOptions(cel.OptTrackState), cel.CustomDecoratorV2(l.newMeters(e.Checked).decorate))
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
		typ = e.Checked.GetType(e.Checked.Expr().ID())
	}
	env, err := c.env.Extend(cel.Variable(name, typ))
	if err != nil {
		c.problems = append(c.problems, declared.Name.Problem(CodeName, 0, 0, fmt.Sprintf("declare the let: %v", err)))
		return nil
	}
	c.env, c.lets[name] = env, typ
	if e != nil {
		c.noteAlias(name, e.Checked)
	}
	return e
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
