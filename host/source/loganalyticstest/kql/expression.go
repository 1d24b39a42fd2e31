package kql

import (
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
)

// operator returns the operator that comes next, if it binds as tightly as level says: or, and, comparisons.
func (p *parser) operator(level int) (string, bool) {
	t := p.peek()
	word := t.text
	switch {
	case t.kind != nameToken && t.kind != punctToken:
		return "", false
	case level == 0:
		return word, word == "or"
	case level == 1:
		return word, word == "and"
	}
	return word, isComparison(word)
}

func isComparison(op string) bool {
	return slices.Contains([]string{"==", "!=", "<", ">", "<=", ">=", "in", "contains"}, op)
}

func (p *parser) expression() (node, error) { return p.level(0) }

// unaryLevel binds tighter than every binary operator.
const unaryLevel = 3

func (p *parser) level(level int) (node, error) {
	if level == unaryLevel {
		return p.unary()
	}
	left, err := p.level(level + 1)
	for err == nil {
		op, ok := p.operator(level)
		if !ok {
			break
		}
		p.at++
		left, err = p.binary(op, left, level)
		if level == 2 {
			break // a == b == c is no expression
		}
	}
	return left, err
}

func (p *parser) binary(op string, left node, level int) (node, error) {
	if op == "in" {
		set, err := p.arguments(true)
		return membership{left, set}, err
	}
	right, err := p.level(level + 1)
	return binary{op, left, right}, err
}

// arguments reads what stands in the parentheses of a call or of in.
func (p *parser) arguments(atLeastOne bool) (list []node, err error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	if !atLeastOne && p.accept(")") {
		return nil, nil
	}
	for {
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if !p.accept(",") {
			return list, p.want(")")
		}
	}
}

func (p *parser) unary() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.peek(), "nested too deep")
	}
	defer func() { p.depth-- }()
	return p.primary()
}

// columnOf is the name the service gives a column that nobody named.
func columnOf(n node) string {
	switch n := n.(type) {
	case name:
		return n.id
	case call:
		if n.fn == "bin" || n.fn == "tostring" {
			return columnOf(n.args[0])
		}
		if n.fn == "ingestion_time" {
			return "$IngestionTime"
		}
		if isAggregate(n.fn) {
			return n.fn + "_" + firstColumn(n.args)
		}
	}
	return ""
}

func firstColumn(args []node) string {
	if len(args) == 0 {
		return ""
	}
	return columnOf(args[0])
}

func (p *parser) primary() (node, error) {
	t := p.next()
	switch t.kind {
	case stringToken:
		return literal{stringValue(t.text)}, nil
	case numberToken, spanToken, timeToken:
		typ, name := typeOfToken(t.kind)
		v, ok := parseAs(typ, t.text)
		if !ok {
			return nil, p.fail(t, "not a "+name)
		}
		return literal{v}, nil
	case nameToken:
		return p.nameOrCall(t)
	}
	if t.kind == punctToken && t.text == "(" {
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		return x, p.want(")")
	}
	return nil, p.fail(t, "want an expression")
}

func (p *parser) nameOrCall(t token) (node, error) {
	switch {
	case t.text == "true" || t.text == "false":
		return literal{boolValue(t.text == "true")}, nil
	case p.is("("):
		args, err := p.arguments(false)
		if err == nil && len(args) == 0 && (t.text == "bin" || t.text == "tostring") {
			err = p.fail(t, "this function needs arguments")
		}
		return call{t.text, args}, err
	}
	return name{t.text}, nil
}

func typeOfToken(k tokenKind) (typ enrich.Type, name string) {
	switch k {
	case spanToken:
		return enrich.Timespan, "time span"
	case timeToken:
		return enrich.Datetime, "datetime"
	}
	return enrich.Long, "number"
}
