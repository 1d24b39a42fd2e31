package index

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// asking is how a column of an event is looked at, cheaper than by an expression.
type asking uint8

const (
	asText      asking = iota + 1 // the text of the column
	asLower                       // the same in lower case
	asOperation                   // event.operation
	asNumber                      // a whole number
	asBool                        // a boolean column: "true" or "false"
	asSuccess                     // event.success: "true" or "false"
	asLiteral                     // which texts stand somewhere in the column, see scanner
)

// question asks an event for the value of a column, or for which known words stand in it. The answer is one text; for asLiteral
// it is a set of words.
type question struct {
	how    asking
	column string
}

// atom is the smallest condition: a question, and how its answer must compare with a text.
type atom struct {
	question
	text string
	fit  fit
}

// fit is how an answer is compared with the text of an atom. All but the first two are for event.operation alone, of
// which there are few different ones: see Answers.fitParts.
type fit uint8

const (
	equals  fit = iota
	begins      // begins with the text
	ends        // ends with it
	holds       // has it somewhere
	matches     // fits the regular expression
	classed     // is a Key Vault operation of the class
)

// condition is a list of atoms joined by "or". Without atoms it is never true.
type condition []atom

// maxConditions is how many conditions are kept of one rule, as "or" multiplies them; maxSteps how many nodes are visited, as
// lets may use lets.
const (
	maxConditions = 16
	maxSteps      = 20_000
)

// finder finds conditions that are true whenever an expression of a rule is. It may miss some, but never invents one.
type finder struct {
	rule  *compile.TableRule
	lists Lists
	steps int
}

// Lists finds the lists of the rule files and of the context by name; nil for one that nobody has.
type Lists struct{ OfFiles, OfContext func(string) *celval.List }

// scope is where an expression stands: whose types count, and the loops around it.
type scope struct {
	checked *ast.AST
	name    string // the loop's variable
	over    ast.Expr
	outer   *scope
}

// conditionsOf returns conditions that hold for every event on which the rule's when is true.
func conditionsOf(r *compile.TableRule, lists Lists) []condition {
	f := finder{rule: r, lists: lists}
	when := r.When.Checked()
	found := f.find(when.Expr(), true, &scope{checked: when})
	if f.steps > maxSteps {
		return nil
	}
	return found
}

// find returns conditions that hold whenever e has the value want.
func (f *finder) find(e ast.Expr, want bool, in *scope) []condition {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	switch e.Kind() {
	case ast.LiteralKind:
		if b, ok := e.AsLiteral().(types.Bool); ok && bool(b) != want {
			return []condition{{}}
		}
	case ast.IdentKind:
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.find(let, want, there)
		}
	case ast.SelectKind:
		return f.selected(e, want, in)
	case ast.CallKind:
		return f.call(e.AsCall(), want, in)
	case ast.ComprehensionKind:
		if want {
			return f.exists(e.AsComprehension(), in)
		}
	}
	return nil
}

// let returns the expression of the let called name, and the scope in which it stands; both nil if name is something else.
func (f *finder) let(name string, in *scope) (let ast.Expr, there *scope) {
	if in.loop(name) != nil {
		return nil, nil
	}
	for _, l := range f.rule.Lets {
		if l.Name == name {
			checked := l.Checked()
			return checked.Expr(), &scope{checked: checked}
		}
	}
	return nil, nil
}

// resolved follows names of lets, and returns the expression behind them with its scope.
func (f *finder) resolved(e ast.Expr, in *scope) (ast.Expr, *scope) {
	for e.Kind() == ast.IdentKind {
		if f.steps++; f.steps > maxSteps {
			break
		}
		let, there := f.let(e.AsIdent(), in)
		if there == nil {
			break
		}
		e, in = let, there
	}
	return e, in
}

// loop returns the scope of the innermost loop whose variable is called name, nil if there is none.
func (s *scope) loop(name string) *scope {
	for ; s != nil; s = s.outer {
		if s.over != nil && s.name == name {
			return s
		}
	}
	return nil
}

// selected returns the conditions for a boolean field to have the value want.
func (f *finder) selected(e ast.Expr, want bool, in *scope) []condition {
	s := e.AsSelect()
	switch {
	case s.IsTestOnly():
		return nil
	case compile.IsField(e, "success"):
		return one(atom{question: question{how: asSuccess}, text: strconv.FormatBool(want)})
	case isEvent(s.Operand()):
		if f.rule.Table.SeenAs(s.FieldName(), types.BoolKind) {
			return one(atom{question: question{asBool, s.FieldName()}, text: strconv.FormatBool(want)})
		}
	case f.viewOf(e, in) == "vault" && s.FieldName() == "failed":
		return one(atom{question: question{how: asSuccess}, text: strconv.FormatBool(!want)})
	case want && f.viewOf(e, in) != "":
		return f.viewConditions(f.viewOf(e, in), s.FieldName())
	case want && s.FieldName() == "present":
		return f.present(s.Operand(), in)
	}
	return nil
}

func one(a atom) []condition { return []condition{{a}} }

func isEvent(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == compile.VarEvent }

func (f *finder) call(c ast.CallExpr, want bool, in *scope) []condition {
	args := c.Args()
	switch c.FunctionName() {
	case "!_":
		return f.find(args[0], !want, in)
	case "_&&_", "_||_":
		if want == (c.FunctionName() == "_&&_") {
			return both(f.find(args[0], want, in), f.find(args[1], want, in))
		}
		return either(f.find(args[0], want, in), f.find(args[1], want, in))
	case "_?_:_":
		return either(both(f.find(args[0], true, in), f.find(args[1], want, in)), both(f.find(args[0], false, in), f.find(args[2], want, in)))
	case "_==_", "_!=_":
		return f.comparison(args[0], args[1], want == (c.FunctionName() == "_==_"), in)
	}
	if !want {
		return nil
	}
	switch c.FunctionName() {
	case "_>_", "_>=_", "_<_", "_<=_":
		return f.order(c.FunctionName(), args[0], args[1], in)
	case "@in":
		return f.member(args[0], args[1], in)
	case "startsWith", "contains", "endsWith":
		if texts, ok := f.constants(args[0], in); ok && c.IsMemberFunction() {
			return f.part(c.Target(), texts, map[string]fit{"startsWith": begins, "contains": holds, "endsWith": ends}[c.FunctionName()], in)
		}
	case "matches":
		if c.IsMemberFunction() {
			return f.pattern(c.Target(), args[0], in)
		}
		return f.pattern(args[0], args[1], in)
	case "changed":
		if s, ok := compile.Literal(args[0]); ok && c.IsMemberFunction() && isEvent(c.Target()) {
			return literals([]string{event.TargetsColumn}, s)
		}
	}
	return nil
}

// both returns the conditions of "a and b": those of each.
func both(a, b []condition) []condition {
	all := slices.Concat(a, b)
	return all[:min(len(all), maxConditions)]
}

// either returns the conditions of "a or b": each pair of theirs joined by "or", and none if one side has none.
func either(a, b []condition) (out []condition) {
	for _, left := range a {
		for _, right := range b {
			if len(out) < maxConditions {
				out = append(out, slices.Concat(left, right))
			}
		}
	}
	return out
}

// comparison returns the conditions for a == b, or for a != b if equal is false.
func (f *finder) comparison(a, b ast.Expr, equal bool, in *scope) []condition {
	if _, ok := f.constants(a, in); ok || a.Kind() == ast.LiteralKind {
		a, b = b, a
	}
	if texts, ok := f.constants(b, in); ok && equal {
		return f.oneOf(a, texts, in)
	}
	if b.Kind() != ast.LiteralKind {
		return nil
	}
	switch v := b.AsLiteral().(type) {
	case types.Bool:
		return f.find(a, bool(v) == equal, in)
	case types.Int:
		if of := sized(a); of != nil && v == 0 && !equal {
			return f.present(of, in)
		}
		if equal && a.Kind() == ast.SelectKind && isEvent(a.AsSelect().Operand()) && f.rule.Table.SeenAs(a.AsSelect().FieldName(), types.IntKind) {
			return one(atom{question: question{asNumber, a.AsSelect().FieldName()}, text: strconv.FormatInt(int64(v), 10)})
		}
	case types.String:
		if v == "" { // and not equal
			return f.present(a, in)
		}
	}
	return nil
}

// order returns the conditions for size(x) > n with n >= 0, in each of its spellings; other comparisons of numbers have none.
func (f *finder) order(operator string, a, b ast.Expr, in *scope) []condition {
	if operator[1] == '<' {
		a, b, operator = b, a, strings.Replace(operator, "<", ">", 1)
	}
	of := sized(a)
	if of == nil || b.Kind() != ast.LiteralKind {
		return nil
	}
	n, ok := b.AsLiteral().(types.Int)
	if !ok || n < 0 || n == 0 && operator == "_>=_" {
		return nil
	}
	return f.present(of, in)
}

// sized returns x of size(x) or x.size(), nil for other expressions.
func sized(e ast.Expr) ast.Expr {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "size" {
		return nil
	}
	if c := e.AsCall(); c.IsMemberFunction() {
		return c.Target()
	} else if len(c.Args()) == 1 {
		return c.Args()[0]
	}
	return nil
}

// member returns the conditions for `x in list`.
func (f *finder) member(x, list ast.Expr, in *scope) []condition {
	if s, ok := compile.Literal(x); ok {
		return both(f.present(list, in), f.literalOf(list, []string{s}, in))
	}
	if set := f.set(list, in); set != nil && set.Folded {
		return f.oneOfFolded(x, set.Keys(), in)
	}
	if texts, ok := f.texts(list, in); ok {
		return f.oneOf(x, texts, in)
	}
	return nil
}

func firstLiteral(c ast.CallExpr) (string, bool) {
	if len(c.Args()) == 0 {
		return "", false
	}
	return compile.Literal(c.Args()[0])
}
