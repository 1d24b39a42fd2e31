package kql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// SemanticError says that a query that could be read has no meaning here.
type SemanticError struct {
	Code   string // the service's code, "SEM0100"
	Reason string
}

// Error is the service's text.
func (e *SemanticError) Error() string { return e.Reason }

// The codes of the service.
const (
	unresolved      = "SEM0100"
	unknownFunction = "SEM0260"
	wrongArguments  = "SEM0219"
	notComparable   = "SEM0064"
)

// record is one row on its way through the pipe: the row of the table and what the query computed.
type record struct {
	row   Row
	extra []value
}

// expr is a compiled expression.
type expr struct {
	typ   enrich.Type
	fixed bool // the same for all rows
	eval  func(*record) value
}

// column is a column in sight at some point of the pipe.
type column struct {
	name   string
	typ    enrich.Type
	hidden bool
	base   bool // index is the table's column, otherwise the record's extra value
	index  int
}

// scope is what an expression can see.
type scope struct {
	op      string // for messages
	columns []column
	rows    bool // there are rows of a table, so that ingestion_time() means something
	extras  int  // how many extra values were given away so far
	now     time.Time
}

func (s *scope) find(name string) (column, bool) {
	i := slices.IndexFunc(s.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{}, false
	}
	return s.columns[i], true
}

func (s *scope) fail(code, format string, args ...any) error {
	return &SemanticError{code, fmt.Sprintf("'%s' operator: ", s.op) + fmt.Sprintf(format, args...)}
}

func (s *scope) compile(n node) (expr, error) {
	switch n := n.(type) {
	case literal:
		return expr{n.value.typ, true, func(*record) value { return n.value }}, nil
	case name:
		c, ok := s.find(n.id)
		if !ok {
			return expr{}, s.fail(unresolved, "Failed to resolve column or scalar expression named '%s'", n.id)
		}
		return c.expr(), nil
	case member:
		return s.member(n)
	case membership:
		return s.membership(n)
	case binary:
		return s.binary(n)
	case call:
		return s.call(n)
	}
	return expr{}, s.fail(unresolved, "Failed to resolve expression")
}

func (c column) expr() expr {
	if c.base {
		return expr{c.typ, false, func(r *record) value { return decodeCell(c.typ, r.row.Cell(c.index)) }}
	}
	return expr{c.typ, false, func(r *record) value { return r.extra[c.index] }}
}

func (s *scope) all(nodes []node) ([]expr, error) {
	out := make([]expr, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], err = s.compile(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func allFixed(list []expr) bool {
	return !slices.ContainsFunc(list, func(e expr) bool { return !e.fixed })
}

func (s *scope) member(n member) (expr, error) {
	both, err := s.all([]node{n.of, n.key})
	if err != nil {
		return expr{}, err
	}
	return expr{enrich.Dynamic, allFixed(both), func(r *record) value {
		return lookup(both[0].eval(r), both[1].eval(r))
	}}, nil
}

func splitJSON(text string) (object map[string]json.RawMessage, list []json.RawMessage) {
	if strings.HasPrefix(text, "{") {
		_ = json.Unmarshal([]byte(text), &object) // what isn't an object has no members
	} else {
		_ = json.Unmarshal([]byte(text), &list) // what isn't a list has no elements
	}
	return object, list
}

// membership compiles in and its kin. A dynamic list in the set stands for its elements.
func (s *scope) membership(n membership) (expr, error) {
	x, err := s.compile(n.x)
	if err != nil {
		return expr{}, err
	}
	list, err := s.all(n.set)
	if err != nil {
		return expr{}, err
	}
	op, negated := strings.CutPrefix(n.op, "!")
	equal := func(a, b value) bool { return !a.null && !b.null && order(a, b) == 0 }
	switch op {
	case "in~":
		equal = func(a, b value) bool { return strings.EqualFold(a.String(), b.String()) }
	case "has_any":
		equal = func(a, b value) bool { return isTerm(strings.ToLower(a.String()), strings.ToLower(b.String())) }
	}
	return expr{enrich.Bool, x.fixed && allFixed(list), func(r *record) value {
		v := x.eval(r).scalar()
		found := slices.ContainsFunc(list, func(e expr) bool {
			return slices.ContainsFunc(elements(e.eval(r)), func(w value) bool { return equal(v, w.scalar()) })
		})
		return boolValue(found != negated)
	}}, nil
}

func elements(v value) []value {
	if v.typ != enrich.Dynamic || v.null || v.text[0] != '[' {
		return []value{v}
	}
	_, list := splitJSON(v.text)
	out := make([]value, len(list))
	for i, e := range list {
		out[i] = dynamicOf(string(e))
	}
	return out
}

func (s *scope) binary(n binary) (expr, error) {
	both, err := s.all([]node{n.left, n.right})
	if err != nil {
		return expr{}, err
	}
	a, b := both[0], both[1]
	out := expr{typ: enrich.Bool, fixed: allFixed(both)}
	switch {
	case n.op == "and" || n.op == "or":
		out.eval = logic(n.op, a, b)
	case strings.Contains("+-*/%", n.op):
		if out.typ = resultType(n.op, a.typ, b.typ); out.typ == "" {
			return out, s.fail(notComparable, "Cannot apply %s to values of types %s and %s", n.op, a.typ, b.typ)
		}
		out.eval = func(r *record) value { return calculate(n.op, out.typ, a.eval(r), b.eval(r)) }
	default:
		out.eval = comparison(n.op, a, b)
		if _, text := compareText(n.op, "", ""); !text && !comparable(a.typ, b.typ) {
			return out, s.fail(notComparable, "Cannot compare values of types %s and %s. Try adding explicit casts", a.typ, b.typ)
		}
	}
	if out.fixed {
		v := out.eval(nil)
		out.eval = func(*record) value { return v }
	}
	return out, nil
}

// logic evaluates and, or with three values; a null only counts where the other side doesn't decide.
func logic(op string, a, b expr) func(*record) value {
	deciding := op == "or"
	return func(r *record) value {
		x := a.eval(r)
		if !x.null && x.isTrue() == deciding {
			return x
		}
		y := b.eval(r)
		if x.null && !y.null && y.isTrue() != deciding {
			return x
		}
		return y
	}
}

func comparison(op string, a, b expr) func(*record) value {
	if _, text := compareText(op, "", ""); text {
		return func(r *record) value {
			result, _ := compareText(op, a.eval(r).String(), b.eval(r).String())
			return boolValue(result)
		}
	}
	return func(r *record) value {
		x, y := a.eval(r).scalar(), b.eval(r).scalar()
		if x.null || y.null {
			return nullOf(enrich.Bool)
		}
		return boolValue(compareOrder(op, order(x, y)))
	}
}

func kindOf(t enrich.Type) enrich.Type {
	switch {
	case t == enrich.Bool:
		return enrich.Bool
	case isNumber(t):
		return enrich.Real
	case t == enrich.GUID:
		return enrich.String
	}
	return t
}

func comparable(a, b enrich.Type) bool {
	return a == enrich.Dynamic || b == enrich.Dynamic || kindOf(a) == kindOf(b)
}

// resultType is the type of a calculation, "" when there is none.
func resultType(op string, a, b enrich.Type) enrich.Type {
	switch {
	case a == enrich.Datetime && b == enrich.Timespan, a == enrich.Timespan && b == enrich.Datetime && op == "+":
		return enrich.Datetime
	case a == enrich.Datetime && b == enrich.Datetime && op == "-":
		return enrich.Timespan
	case a == enrich.Timespan && b == enrich.Timespan && op == "/":
		return enrich.Real
	case a == enrich.Timespan && b == enrich.Timespan:
		return enrich.Timespan
	case op == "-" && a == enrich.Long && b == enrich.Timespan: // the negation of a span
		return enrich.Timespan
	case op == "*" && (a == enrich.Timespan) != (b == enrich.Timespan) && (isNumber(a) || isNumber(b)):
		return enrich.Timespan
	case a == enrich.Real || b == enrich.Real, a == enrich.Decimal || b == enrich.Decimal:
		return enrich.Real
	case isNumber(a) && isNumber(b), a == enrich.Dynamic && isNumber(b), isNumber(a) && b == enrich.Dynamic:
		return enrich.Long
	}
	return ""
}

func (s *scope) call(n call) (expr, error) {
	switch n.fn {
	case "ingestion_time":
		return s.ingestionTime(n)
	case "now", "ago":
		return s.clock(n)
	case "column_ifexists":
		return s.columnIfExists(n)
	}
	f, ok := functionCalled(n.fn)
	if !ok {
		return expr{}, s.fail(unknownFunction, "Unknown function: '%s'", n.fn)
	}
	if len(n.args) < f.least || len(n.args) > f.most {
		return expr{}, s.fail(wrongArguments, "%s(): function expects %d to %d argument(s)", n.fn, f.least, f.most)
	}
	args, err := s.all(n.args)
	if err != nil {
		return expr{}, err
	}
	return expr{f.gives(args), allFixed(args), func(r *record) value {
		values := make([]value, len(args))
		for i, a := range args {
			values[i] = a.eval(r)
		}
		return f.eval(values)
	}}, nil
}

func (s *scope) ingestionTime(n call) (expr, error) {
	if len(n.args) > 0 {
		return expr{}, s.fail(wrongArguments, "ingestion_time(): function expects 0 argument(s)")
	}
	if !s.rows {
		return expr{enrich.Datetime, true, func(*record) value { return nullOf(enrich.Datetime) }}, nil
	}
	return expr{enrich.Datetime, false, func(r *record) value { return timeValue(r.row.Ingested()) }}, nil
}

// clock compiles now() and ago(), which are one instant for the whole query.
func (s *scope) clock(n call) (expr, error) {
	v := timeValue(s.now)
	if n.fn == "ago" || len(n.args) == 1 {
		args, err := s.all(n.args)
		if err != nil {
			return expr{}, err
		}
		if len(args) != 1 || args[0].typ != enrich.Timespan || !args[0].fixed {
			return expr{}, s.fail(wrongArguments, "%s(): function expects a timespan", n.fn)
		}
		span := args[0].eval(nil).n
		if n.fn == "ago" {
			span = -span
		}
		v.n += span
	}
	return expr{enrich.Datetime, true, func(*record) value { return v }}, nil
}

func (s *scope) columnIfExists(n call) (expr, error) {
	if len(n.args) != 2 {
		return expr{}, s.fail(wrongArguments, "column_ifexists(): function expects 2 argument(s)")
	}
	wanted, ok := n.args[0].(literal)
	if !ok || !wanted.value.isText() {
		return expr{}, s.fail(wrongArguments, "column_ifexists(): the name must be a string literal")
	}
	if c, ok := s.find(wanted.value.text); ok {
		return c.expr(), nil
	}
	return s.compile(n.args[1])
}
