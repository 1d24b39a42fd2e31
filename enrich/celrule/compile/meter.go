package compile

import (
	"context"
	"regexp/syntax"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// What rules may spend on one event, in steps of about ten nanoseconds. CEL's own limit makes every evaluation three
// times as dear and counts a function after it ran; so the work is metered here, where it can grow with the event: by
// each turn of a loop and by the size of what functions look at.
const (
	RuleSteps  = 500_000   // one rule
	EventSteps = 1_500_000 // all rules together
)

// RunLimit is about how long one rule may look at one event: as many steps as it may spend, of ten nanoseconds each.
const RunLimit = RuleSteps * 10 * time.Nanosecond

// interruptEvery is how many turns of loops pass between two looks at the context.
const interruptEvery = 1000

// price is what an evaluation costs: a number of steps, and how often it goes through texts as long as the row.
type price struct{ steps, passes int64 }

// passBytes is how much of a text is looked at in one step.
const passBytes = 128

func (p price) plus(q price) price { return price{p.steps + q.steps, p.passes + q.passes} }

// meters are the prices of an expression: of the whole without turns of loops, of one turn of each loop, and of nodes
// whose price is known when they have been evaluated.
type meters struct {
	lang    *Language
	whole   price
	turns   map[int64]price  // by the id of the loop's step
	results map[int64]result // by id
}

// result is the price of a node by what comes out.
type result struct {
	text  int64 // steps for each passBytes of a text
	item  int64 // steps for each item of a list that is searched one by one
	limit int   // bytes of a text; more is an error
}

func (l *Language) newMeters(checked *ast.AST) meters {
	m := meters{lang: l, turns: map[int64]price{}, results: map[int64]result{}}
	m.whole = m.of(checked.Expr())
	return m
}

// of returns the price of e without the turns of its loops, and notes what a turn of each costs.
func (m meters) of(e ast.Expr) price {
	p := price{steps: 2}
	switch e.Kind() {
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		m.turns[c.LoopStep().ID()] = price{steps: 10}.plus(m.of(c.LoopCondition())).plus(m.of(c.LoopStep()))
		return p.plus(m.of(c.IterRange())).plus(m.of(c.AccuInit())).plus(m.of(c.Result()))
	case ast.CallKind:
		p.passes += m.passesOf(e.AsCall().FunctionName())
		m.call(e)
	case ast.SelectKind:
		p.passes += m.lang.passes[e.AsSelect().FieldName()]
	}
	for _, child := range Children(e) {
		p = p.plus(m.of(child))
	}
	return p
}

// call notes what is metered by its result: texts that are joined, and what functions go through before they know how
// long it is.
func (m meters) call(e ast.Expr) {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	switch c.FunctionName() {
	case "_+_":
		m.note(e, result{text: 4, limit: event.MaxText})
	case "@in":
		m.note(args[1], result{item: 3})
	case "matches":
		pattern, _ := Literal(args[1]) // the inspector has seen that it is one
		if size := int64(patternSize(pattern)); size > 0 {
			m.note(args[0], result{text: size * passBytes / 4, limit: int(min(maxMatched, maxPatternSteps/size))})
		}
	default:
		for i, cost := range m.lang.costs[c.FunctionName()].Args {
			m.note(args[i], result{text: cost.Text, item: cost.Item})
		}
	}
}

func (m meters) note(e ast.Expr, r result) {
	old, ok := m.results[e.ID()]
	if ok && old.limit > 0 && (r.limit == 0 || old.limit < r.limit) {
		r.limit = old.limit
	}
	m.results[e.ID()] = result{old.text + r.text, old.item + r.item, r.limit}
}

// maxPatternSteps bounds a regular expression's instructions times the bytes that it looks at: in the worst case each
// is tried at each. https://swtch.com/~rsc/regexp/regexp2.html
const maxPatternSteps = 1 << 20

// patternSize is the number of instructions of a regular expression, 0 when it isn't one.
func patternSize(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// passesOf is how often a function goes through a text that can't be longer than the row.
func (m meters) passesOf(function string) int64 {
	if function == "contains" { // CEL's own
		return 5
	}
	return m.lang.costs[function].Passes
}

// decorate puts the meters into a program.
func (m meters) decorate(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	if turn, ok := m.turns[i.ID()]; ok {
		return &turnMeter{i, turn}, nil
	}
	if r, ok := m.results[i.ID()]; ok {
		return &resultMeter{i, r}, nil
	}
	return i, nil
}

// turnMeter is the step of a loop; it pays before each turn.
type turnMeter struct {
	interpreter.InterpretableV2
	price
}

// Eval evaluates the node, for CEL.
func (m *turnMeter) Eval(vars cel.Activation) ref.Val { return m.Exec(interpreter.AsFrame(vars)) }

// Exec evaluates the node, for CEL. It panics with CEL's error for evaluations that are stopped.
func (m *turnMeter) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	if b := budgetOf(frame); b != nil {
		b.mustPay(m.price)
	}
	return m.InterpretableV2.Exec(frame)
}

// resultMeter is a node that pays for what came out.
type resultMeter struct {
	interpreter.InterpretableV2
	result
}

// Eval evaluates the node, for CEL.
func (m *resultMeter) Eval(vars cel.Activation) ref.Val { return m.Exec(interpreter.AsFrame(vars)) }

// Exec evaluates the node, for CEL. It panics with CEL's error for evaluations that are stopped.
func (m *resultMeter) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	out := m.InterpretableV2.Exec(frame)
	b := budgetOf(frame)
	if b == nil {
		return out
	}
	switch v := out.(type) {
	case types.String:
		if m.limit > 0 && len(v) > m.limit {
			return types.NewErr("a text of %d bytes is too long here, where %d are allowed", len(v), m.limit)
		}
		b.mustPay(price{steps: int64(len(v)) * m.text / passBytes})
	case *celval.List:
		if !v.IsSet() {
			b.mustPay(price{steps: int64(len(v.Items)) * m.item})
		}
	case traits.Lister:
		if n, ok := v.Size().(types.Int); ok {
			b.mustPay(price{steps: int64(n) * m.item})
		}
	}
	return out
}

// VarMeter is the name under which a program finds the budget that it spends; rules can't write it.
const VarMeter = "@meter"

// Budget is what the evaluations of one rule after the other may spend. What an event has spent is noted in its frame, so
// that the rules of several events may take turns.
type Budget struct {
	Frame   *event.Frame    // the event that is looked at
	Context context.Context // ends evaluations; see interruptEvery
	limit   int64           // what the event may have spent, in steps
	turns   int             // payments so far
}

// Grant allows the next rule to spend so many steps on the event in Frame.
func (b *Budget) Grant(steps int64) { b.limit = b.Frame.Spent + steps }

// budgetOf returns the budget that the running program spends, nil for one that runs without.
func budgetOf(frame *interpreter.ExecutionFrame) *Budget {
	v, _ := frame.ResolveName(VarMeter)
	b, _ := v.(*Budget)
	return b
}

// pay takes the price from what the rule and the event may spend; false when there is nothing left.
func (b *Budget) pay(p price) bool {
	b.Frame.Spent += p.steps + p.passes*int64(b.Frame.Size())/passBytes
	return b.Frame.Spent <= b.limit
}

// PayFor takes the price of the expression, turns of its loops apart; false when there is nothing left.
func (b *Budget) PayFor(e *Expression) bool {
	e.plan()
	return b.pay(e.cost)
}

func (b *Budget) mustPay(p price) {
	if !b.pay(p) {
		panic(interpreter.EvalCancelledError{Message: "spent too much", Cause: interpreter.CostLimitExceeded})
	}
	if b.turns++; b.turns%interruptEvery == 0 && b.Context.Err() != nil {
		panic(interpreter.EvalCancelledError{Message: "context ended", Cause: interpreter.ContextCancelled})
	}
}
