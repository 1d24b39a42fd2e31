package spl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Fields gives the values of fields; nil for none.
type Fields interface {
	Get(name string) []string
}

// value is what an expression comes to: nil, bool, float64, string or []string.
type value any

// Expression is an expression of eval.
type Expression struct {
	eval   func(f Fields) value
	Fields []string // that it reads
	Paths  []string // of JSON in _raw that it reads by json_extract
}

// Eval is the expression's values for an event; none for null.
func (e *Expression) Eval(f Fields) []string { return list(e.eval(f)) }

// True reports whether the expression holds.
func (e *Expression) True(f Fields) bool { return e.eval(f) == true }

var evalStops = []string{"(", ")", ",", "+", "-", "*", "/", ".", "==", "=", "!=", "<=", ">=", "<", ">"}

// Parse reads an expression of eval.
func Parse(source string) (*Expression, error) {
	all, err := tokens(source, evalStops)
	if err != nil {
		return nil, err
	}
	p := parser{reader: reader{tokens: joinNumbers(all)}, out: &Expression{}}
	if p.out.eval, err = p.level(0); err != nil {
		return nil, fmt.Errorf("%w in %s", err, source)
	}
	if t := p.peek(); t.kind != end {
		return nil, fmt.Errorf("%q is one too many in %s", t.text, source)
	}
	return p.out, nil
}

// joinNumbers makes one word of the three tokens of a number with a point.
func joinNumbers(all []token) (out []token) {
	digits := regexp.MustCompile(`^[0-9]+$`)
	for i := 0; i < len(all); i++ {
		t := all[i]
		if i+2 < len(all) && all[i+1].text == "." && digits.MatchString(t.text) && digits.MatchString(all[i+2].text) {
			t, i = token{word, t.text + "." + all[i+2].text}, i+2
		}
		out = append(out, t)
	}
	return out
}

type parser struct {
	reader
	out *Expression
}

type evaluation = func(f Fields) value

// levels are the operators of two sides, from those that bind least.
var levels = [][]string{{"OR"}, {"AND"}, {"=", "==", "!=", "<=", ">=", "<", ">"}, {"+", "-", "."}, {"*", "/"}}

func (p *parser) level(n int) (evaluation, error) {
	if n == len(levels) {
		return p.operand()
	}
	if n == 2 && p.take("NOT") { //nolint:mnd // NOT binds between AND and comparisons
		of, err := p.level(n)
		return func(f Fields) value { return of(f) == false }, err
	}
	left, err := p.level(n + 1)
	for err == nil {
		operator := ""
		for _, o := range levels[n] {
			if p.take(o) {
				operator = o
				break
			}
		}
		if operator == "" {
			break
		}
		var right evaluation
		a := left
		if right, err = p.level(n + 1); err == nil {
			left = func(f Fields) value { return apply(operator, a(f), right(f)) }
		}
	}
	return left, err
}

func (p *parser) operand() (evaluation, error) {
	switch t := p.next(); {
	case t.kind == text:
		return func(Fields) value { return t.text }, nil
	case t.kind == symbol && t.text == "(":
		inner, err := p.level(0)
		if err != nil {
			return nil, err
		}
		return inner, p.want(")")
	case t.kind == symbol && t.text == "-":
		of, err := p.operand()
		return func(f Fields) value { return apply("-", 0.0, of(f)) }, err
	case t.kind == word && p.take("("):
		return p.call(strings.ToLower(t.text))
	case t.kind == word:
		if n, err := strconv.ParseFloat(t.text, 64); err == nil {
			return func(Fields) value { return n }, nil
		}
		return p.read(t.text), nil
	case t.kind == field:
		return p.read(t.text), nil
	default:
		return nil, fmt.Errorf("want a value, have %q", t.text)
	}
}

func (p *parser) read(name string) evaluation {
	p.out.Fields = append(p.out.Fields, name)
	return func(f Fields) value { return single(f.Get(name)) }
}

func (p *parser) call(name string) (evaluation, error) {
	do, known := functions()[name]
	if !known {
		return nil, fmt.Errorf("the function %s isn't known", name)
	}
	var args []evaluation
	from := p.at
	for !p.take(")") {
		if len(args) > 0 {
			if err := p.want(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.level(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	if name == "json_extract" && len(args) == 2 && p.tokens[from].text == "_raw" {
		p.out.Paths = append(p.out.Paths, p.tokens[from+2].text)
	}
	return func(f Fields) value { return do(f, args) }, nil
}

// apply is an operator's result; null where a side is null, as Splunk has it.
func apply(operator string, a, b value) value {
	switch operator {
	case "AND":
		return a == true && b == true
	case "OR":
		return a == true || b == true
	}
	if a == nil || b == nil {
		return nil
	}
	switch operator {
	case "=", "==", "!=", "<", "<=", ">", ">=":
		return compare(operator, a, b)
	case ".":
		return first(a) + first(b)
	}
	x, okX := number(a)
	y, okY := number(b)
	if !okX || !okY {
		if operator == "+" {
			return first(a) + first(b)
		}
		return nil
	}
	switch operator {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	}
	if y == 0 {
		return nil
	}
	return x / y
}

// compare compares as numbers where both are numbers, otherwise as texts. Of several values one that fits is enough.
func compare(operator string, a, b value) bool {
	for _, left := range list(a) {
		for _, right := range list(b) {
			if holds(operator, left, right) {
				return true
			}
		}
	}
	return false
}

func holds(operator, a, b string) bool {
	order := strings.Compare(a, b)
	x, errX := strconv.ParseFloat(a, 64)
	if y, errY := strconv.ParseFloat(b, 64); errX == nil && errY == nil {
		switch {
		case x < y:
			order = -1
		case x > y:
			order = 1
		default:
			order = 0
		}
	}
	switch operator {
	case "=", "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
