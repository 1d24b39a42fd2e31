package celrule

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// tracer evaluates conditions of one rule on one event and keeps the value of every part. It is the variables of the
// rule. It plans each expression anew, as tracing is for people, not for the stream.
type tracer struct {
	ctx   context.Context
	set   *ruleSet
	rule  *compile.TableRule
	frame *event.Frame
	meter compile.Budget
	now   types.Timestamp
	texts map[string]string  // of lets, by name
	lets  map[string]ref.Val // evaluated once
}

func newTracer(ctx context.Context, s *ruleSet, r *compile.TableRule, e *enrich.Event) *tracer {
	t := &tracer{
		ctx: ctx, set: s, rule: r, frame: event.NewFrame(r.Table), now: s.now(),
		texts: map[string]string{}, lets: map[string]ref.Val{},
	}
	t.frame.Reset(e)
	t.meter = compile.Budget{Context: ctx, Frame: t.frame}
	for _, let := range r.Declared.Let {
		t.texts[let.Name.Value] = let.Expr.Value
	}
	return t
}

// ResolveName is a variable's value, for CEL.
func (t *tracer) ResolveName(name string) (any, bool) {
	switch name {
	case compile.VarEvent:
		return t.frame, true
	case compile.VarLists:
		return t.set.lists, true
	case compile.VarContext:
		return t.set.context, true
	case compile.VarNow:
		return t.now, true
	case compile.VarMeter:
		return &t.meter, true
	}
	for i := range t.rule.Lets {
		if t.rule.Lets[i].Name == name {
			return t.let(t.rule.Lets[i]), true
		}
	}
	return nil, false
}

// Parent is nil: there are no outer variables.
func (t *tracer) Parent() cel.Activation { return nil }

// let is the value of a let; an error comes out where the let is used.
func (t *tracer) let(l compile.Let) ref.Val {
	if v, ok := t.lets[l.Name]; ok {
		return v
	}
	v, _, err := t.run(l.Expression)
	if err != nil {
		v = types.WrapErr(err)
	}
	t.lets[l.Name] = v
	return v
}

// traceCost is what tracing one expression may cost, see meter. It is more than what the engine gives a whole rule, so
// that a rule that takes too long is explained, too.
const traceCost = 4 * compile.RuleSteps

// run evaluates e as CEL does: what the result doesn't depend on isn't evaluated. The state has the value of each node
// that was.
func (t *tracer) run(e *compile.Expression) (ref.Val, interpreter.EvalState, error) {
	program, err := t.set.lang.Tracked(e, t.rule.Table)
	if err != nil {
		return nil, nil, err
	}
	t.meter.Grant(traceCost)
	v, details, err := program.Eval(t)
	if details == nil {
		return v, nil, err
	}
	return v, details.State(), err
}

// condition evaluates e, whose source is text, and marks the part that made it false.
func (t *tracer) condition(e *compile.Expression, text string) enrich.Condition {
	c := t.trace(e, text)
	decide(&c)
	return c
}

func (t *tracer) trace(e *compile.Expression, text string) enrich.Condition {
	v, state, err := t.run(e)
	located := e.Located()
	p := &part{tracer: t, spans: compile.NewSpans(text, located), state: state}
	c := p.of(located.Expr())
	if err != nil {
		c.Result, c.Error = enrich.ResultError, explain(err)
	} else {
		c.Result = resultOf(v)
	}
	return c
}

func resultOf(v ref.Val) string {
	switch v {
	case types.True:
		return enrich.ResultTrue
	case types.False:
		return enrich.ResultFalse
	}
	return enrich.ResultError
}

// decide marks the first part that made c false.
func decide(c *enrich.Condition) {
	if c.Result != enrich.ResultFalse && c.Result != enrich.ResultError {
		return
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Result == c.Result && (c.Op == "&&" || c.Op == "let") {
			decide(p)
			return
		}
	}
	c.Decides = true
}

// part turns the nodes of one evaluated expression into conditions of an explanation.
type part struct {
	tracer *tracer
	spans  compile.Spans
	state  interpreter.EvalState // nil when nothing was evaluated
}

func (p *part) of(e ast.Expr) enrich.Condition {
	c := enrich.Condition{Text: p.spans.Text(e)}
	p.result(&c, e)
	switch op, operands := p.operands(e, c.Text); {
	case op != "":
		c.Op = op
		for _, o := range operands {
			c.Parts = append(c.Parts, p.of(o))
		}
	case e.Kind() == ast.IdentKind && p.let(&c, e.AsIdent()):
	default:
		p.values(e, &c, map[string]bool{c.Text: true})
	}
	return c
}

func (p *part) result(c *enrich.Condition, e ast.Expr) {
	if p.state == nil {
		return
	}
	switch v, ok := p.state.Value(e.ID()); {
	case !ok:
	case types.IsError(v):
		c.Result, c.Error = enrich.ResultError, explain(v.(*types.Err))
	default:
		c.Result = resultOf(v)
	}
}

// operands are those of a logical operator that the rule itself writes; what a macro is made of stays together.
func (p *part) operands(e ast.Expr, text string) (op string, operands []ast.Expr) {
	if e.Kind() != ast.CallKind {
		return "", nil
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case "_&&_", "_||_":
		op = strings.Trim(call.FunctionName(), "_")
	case "!_":
		if !strings.HasPrefix(text, "!") {
			return "", nil
		}
		op = "!"
	default:
		return "", nil
	}
	for _, arg := range call.Args() {
		if p.spans.Text(arg) == text {
			return "", nil
		}
		if inner, more := p.operands(arg, p.spans.Text(arg)); inner == op && op != "!" {
			operands = append(operands, more...) // a && b && c is two calls
			continue
		}
		operands = append(operands, arg)
	}
	return op, operands
}

// let shows the parts of a let's condition; it reports whether name is a let with a condition.
func (p *part) let(c *enrich.Condition, name string) bool {
	for i := range p.tracer.rule.Lets {
		let := &p.tracer.rule.Lets[i]
		if let.Name != name || let.ResultType() != types.BoolType {
			continue
		}
		c.Op = "let"
		if c.Result == enrich.ResultNone {
			located := let.Located()
			inner := &part{tracer: p.tracer, spans: compile.NewSpans(p.tracer.texts[name], located)}
			c.Parts = []enrich.Condition{inner.of(located.Expr())}
			return true
		}
		c.Parts = []enrich.Condition{p.tracer.trace(let.Expression, p.tracer.texts[name])}
		return true
	}
	return false
}

// maxValues bounds how many values one condition shows.
const maxValues = 8

// values adds the values of the parts of e to c, the largest parts that have one; shown are the texts that c has already.
func (p *part) values(e ast.Expr, c *enrich.Condition, shown map[string]bool) {
	for _, child := range compile.Children(e) {
		if len(c.Values) >= maxValues || p.state == nil {
			return
		}
		if child.Kind() == ast.LiteralKind {
			continue
		}
		text := p.spans.Text(child)
		value, ok := p.value(child)
		if ok && shown[text] {
			text = written(child) // inside of a macro
			ok = text != ""
		}
		switch {
		case ok && !shown[text]:
			shown[text] = true
			c.Values = append(c.Values, enrich.Value{Text: text, Value: value})
		case !ok:
			p.values(child, c, shown)
		}
		if e.Kind() == ast.ComprehensionKind {
			return // what it goes over; the rest has a value for each element
		}
	}
}

// value returns the value of a node for people; false for what isn't worth showing, such as the result of an operator.
func (p *part) value(e ast.Expr) (string, bool) {
	v, ok := p.state.Value(e.ID())
	if !ok || types.IsError(v) {
		return "", false
	}
	if e.Kind() == ast.CallKind && compile.OperatorWord(e.AsCall().FunctionName()) != "" && e.AsCall().FunctionName() != "_[_]" {
		return "", false
	}
	return quote(v)
}

// quote is a value as people read it, with quotes around a text.
func quote(v ref.Val) (string, bool) {
	switch v := v.(type) {
	case types.String:
		return cutText(fmt.Sprintf("%q", string(v)), maxValue), true
	case *event.Frame:
		return "", false
	case *celval.Object:
		s := v.Label()
		return s, s != ""
	case *celval.Absent:
		return "(absent)", true
	case *celval.List:
		if v.IsSet() {
			return fmt.Sprintf("%d items", len(v.Keys())), true
		}
		return quoteList(v), true
	case types.Null:
		return "null", true
	case traits.Lister:
		return quoteList(v), true
	}
	return cutText(oneLine(celval.Display(v)), maxValue), true
}

func quoteList(l traits.Lister) string {
	var items []string
	for it := l.Iterator(); it.HasNext() == types.True; {
		s, _ := quote(it.Next())
		if items = append(items, s); len(items) > 10 {
			items[10] = "…"
			break
		}
	}
	return cutText("["+strings.Join(items, ", ")+"]", maxValue)
}

// written returns a name, field or method call as it is written in CEL, "" for other expressions.
func written(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		if strings.Contains(e.AsIdent(), "@") {
			return "" // the variable of a macro's loop
		}
		return e.AsIdent()
	case ast.SelectKind:
		if of := written(e.AsSelect().Operand()); of != "" && !e.AsSelect().IsTestOnly() {
			return of + "." + e.AsSelect().FieldName()
		}
	case ast.CallKind:
		c := e.AsCall()
		if !c.IsMemberFunction() || written(c.Target()) == "" {
			return ""
		}
		args := make([]string, len(c.Args()))
		for i, a := range c.Args() {
			s, ok := compile.Literal(a)
			if args[i] = fmt.Sprintf("%q", s); !ok {
				if args[i] = written(a); args[i] == "" {
					return ""
				}
			}
		}
		return written(c.Target()) + "." + c.FunctionName() + "(" + strings.Join(args, ", ") + ")"
	}
	return ""
}
