package kql

import (
	"encoding/json"
	"strings"
)

// operator returns the operator that comes next, if it binds as tightly as level says: or, and, comparisons, sums,
// products.
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
	case level == 2:
		return word, isComparison(word)
	case level == 3:
		return word, word == "+" || word == "-"
	}
	return word, word == "*" || word == "/" || word == "%"
}

func isComparison(op string) bool {
	switch strings.TrimPrefix(op, "!") {
	case "==", "=", "<>", "<", ">", "<=", ">=", "=~", "~",
		"in", "in~", "between", "has", "has_cs", "contains", "contains_cs", "startswith", "startswith_cs",
		"endswith", "endswith_cs", "has_any":
		return op != "="
	}
	return false
}

func (p *parser) expression() (node, error) { return p.level(0) }

// unaryLevel binds tighter than every binary operator.
const unaryLevel = 5

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
		at := p.next().at
		left, err = p.binary(at, op, left, level)
		if level == 2 {
			break // a == b == c is no expression
		}
	}
	return left, err
}

func (p *parser) binary(at int, op string, left node, level int) (node, error) {
	switch op {
	case "in", "in~", "!in", "!in~", "has_any":
		set, err := p.arguments(true)
		return membership{at, op, left, set}, err
	case "between", "!between":
		return p.between(at, op, left)
	}
	right, err := p.level(level + 1)
	return binary{at, op, left, right}, err
}

// between reads (low .. high), both inside.
func (p *parser) between(at int, op string, left node) (node, error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	low, err := p.level(3)
	if err != nil {
		return nil, err
	}
	if err := p.want(".."); err != nil {
		return nil, err
	}
	high, err := p.level(3)
	if err != nil {
		return nil, err
	}
	both := binary{at, "and", binary{at, ">=", left, low}, binary{at, "<=", left, high}}
	if op == "!between" {
		return call{at, "not", []node{both}}, p.want(")")
	}
	return both, p.want(")")
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
	if t := p.peek(); p.accept("-") {
		x, err := p.unary()
		return binary{t.at, "-", literal{t.at, longValue(0)}, x}, err
	}
	x, err := p.primary()
	for err == nil {
		switch t := p.peek(); {
		case p.accept("."):
			key := p.next()
			if key.kind != nameToken {
				return nil, p.fail(key, "want a member's name")
			}
			x = member{t.at, x, literal{key.at, stringValue(key.text)}, columnOf(x) + "_" + key.text}
		case t.kind == quotedNameToken && t.at == p.tokens[p.at-1].end:
			p.at++
			x = member{t.at, x, literal{t.at, stringValue(t.text)}, columnOf(x) + "_" + t.text}
		case p.accept("["):
			key, err := p.expression()
			if err != nil {
				return nil, err
			}
			x = member{t.at, x, key, columnOf(x)}
			if err := p.want("]"); err != nil {
				return nil, err
			}
		default:
			return x, nil
		}
	}
	return x, err
}

// columnOf is the name the service gives a column that nobody named.
func columnOf(n node) string {
	switch n := n.(type) {
	case name:
		return n.id
	case member:
		return n.column
	case call:
		if n.fn == "bin" || n.fn == "floor" || n.fn == "tostring" {
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
		return literal{t.at, stringValue(t.text)}, nil
	case numberToken:
		return p.numberLiteral(t)
	case spanToken:
		ticks, err := parseSpan(t.text + t.raw)
		if err != nil {
			return nil, p.fail(t, "not a time span")
		}
		return literal{t.at, value{typ: "timespan", n: ticks}}, nil
	case literalToken:
		return p.typedLiteral(t)
	case quotedNameToken:
		return name{t.at, t.text}, nil
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
		return literal{t.at, boolValue(t.text == "true")}, nil
	case p.is("("):
		args, err := p.arguments(false)
		if err == nil && len(args) == 0 && (t.text == "bin" || t.text == "floor" || t.text == "tostring") {
			err = p.fail(t, "this function needs arguments")
		}
		return call{t.at, t.text, args}, err
	}
	return name{t.at, t.text}, nil
}

func (p *parser) numberLiteral(t token) (node, error) {
	if v, ok := parseAs("long", t.text); ok {
		return literal{t.at, v}, nil
	}
	v, ok := parseAs("real", t.text)
	if !ok {
		return nil, p.fail(t, "not a number")
	}
	return literal{t.at, v}, nil
}

// typedLiteral reads datetime(2026-01-02), timespan(1d), dynamic(["a"]) and their like.
func (p *parser) typedLiteral(t token) (node, error) {
	kind, raw := typeOfWord(t.text), t.raw
	if raw == "null" {
		return literal{t.at, nullOf(kind)}, nil
	}
	if kind == "dynamic" {
		if text := doubleQuoted(raw); json.Valid([]byte(text)) {
			return literal{t.at, dynamicOf(text)}, nil
		}
		return nil, p.fail(t, "not JSON")
	}
	if n := len(raw); n >= 2 && (raw[0] == '"' || raw[0] == '\'') && raw[n-1] == raw[0] {
		raw = raw[1 : n-1]
	}
	if kind == "guid" {
		return literal{t.at, value{typ: kind, text: strings.ToLower(raw)}}, nil
	}
	v, ok := parseAs(kind, raw)
	if !ok {
		return nil, p.fail(t, "not a "+t.text)
	}
	return literal{t.at, v}, nil
}

// doubleQuoted is a dynamic literal as JSON: Kusto allows strings in single quotes, JSON doesn't.
func doubleQuoted(text string) string {
	out := []byte(text)
	quote := byte(0)
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '\\':
			i++
		case quote == 0 && (c == '"' || c == '\''):
			quote, out[i] = c, '"'
		case c == quote:
			quote, out[i] = 0, '"'
		case c == '"':
			return "" // would need an escape
		}
	}
	return string(out)
}
