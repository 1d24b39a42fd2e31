package kql

import (
	"fmt"
	"slices"
	"strings"

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
	typ  enrich.Type
	eval func(*record) value
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
	rows    bool // these are rows of a table, so that ingestion_time() means something
	extras  int  // how many extra values were given away so far
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
		return expr{n.value.typ, func(*record) value { return n.value }}, nil
	case name:
		c, ok := s.find(n.id)
		if !ok {
			return expr{}, s.fail(unresolved, "Failed to resolve column or scalar expression named '%s'", n.id)
		}
		return c.expr(), nil
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
		return expr{c.typ, func(r *record) value { return decodeCell(c.typ, r.row.Cell(c.index)) }}
	}
	return expr{c.typ, func(r *record) value { return r.extra[c.index] }}
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

func (s *scope) membership(n membership) (expr, error) {
	x, err := s.compile(n.x)
	if err != nil {
		return expr{}, err
	}
	list, err := s.all(n.set)
	if err != nil {
		return expr{}, err
	}
	return expr{enrich.Bool, func(r *record) value {
		v := x.eval(r).scalar()
		return boolValue(slices.ContainsFunc(list, func(e expr) bool {
			w := e.eval(r).scalar()
			return !v.null && !w.null && order(v, w) == 0
		}))
	}}, nil
}

func (s *scope) binary(n binary) (expr, error) {
	both, err := s.all([]node{n.left, n.right})
	if err != nil {
		return expr{}, err
	}
	a, b := both[0], both[1]
	out := expr{typ: enrich.Bool}
	switch {
	case n.op == "and" || n.op == "or":
		out.eval = logic(n.op, a, b)
	case n.op == "contains":
		out.eval = func(r *record) value {
			return boolValue(strings.Contains(strings.ToLower(a.eval(r).String()), strings.ToLower(b.eval(r).String())))
		}
	case !comparable(a.typ, b.typ):
		return out, s.fail(notComparable, "Cannot compare values of types %s and %s. Try adding explicit casts", a.typ, b.typ)
	default:
		out.eval = comparison(n.op, a, b)
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

func (s *scope) call(n call) (expr, error) {
	if n.fn == "ingestion_time" {
		return s.ingestionTime(n)
	}
	f, ok := functionCalled(n.fn)
	if !ok {
		return expr{}, s.fail(unknownFunction, "Unknown function: '%s'", n.fn)
	}
	if len(n.args) != f.takes {
		return expr{}, s.fail(wrongArguments, "%s(): function expects %d argument(s)", n.fn, f.takes)
	}
	args, err := s.all(n.args)
	if err != nil {
		return expr{}, err
	}
	if f.gives == "" {
		if f.gives = args[0].typ; !isWhole(f.gives) && !isTicking(f.gives) {
			return expr{}, s.fail(wrongArguments, "%s(): values of type %s can't be rounded here", n.fn, f.gives)
		}
	}
	return expr{f.gives, func(r *record) value {
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
		return expr{enrich.Datetime, func(*record) value { return nullOf(enrich.Datetime) }}, nil
	}
	return expr{enrich.Datetime, func(r *record) value { return timeValue(r.row.Ingested()) }}, nil
}
