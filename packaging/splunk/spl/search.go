package spl

import (
	"fmt"
	"regexp"
	"strings"
)

// condition says whether an event, or a row of results, is looked for.
type condition func(f Fields) bool

var searchStops = []string{"(", ")", ",", "=", "!=", "<=", ">=", "<", ">"}

// search reads terms as the search command has them.
func (k *Knowledge) search(source string) (condition, error) {
	expanded, err := k.expand(source)
	if err != nil {
		return nil, err
	}
	all, err := tokens(expanded, searchStops)
	if err != nil {
		return nil, err
	}
	r := &reader{tokens: all}
	c, err := either(r)
	if err == nil && r.peek().kind != end {
		err = fmt.Errorf("%q is one too many", r.peek().text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, expanded)
	}
	return c, nil
}

var macro = regexp.MustCompile("`([^`]*)`")

// expand puts the definitions of macros in their places.
func (k *Knowledge) expand(source string) (out string, err error) {
	out = macro.ReplaceAllStringFunc(source, func(call string) string {
		definition, known := k.macros[strings.Trim(call, "`")]
		if !known {
			err = fmt.Errorf("the macro %s isn't defined", call)
		}
		return definition
	})
	if err == nil && macro.MatchString(out) {
		return k.expand(out)
	}
	return out, err
}

func either(r *reader) (condition, error) {
	left, err := both(r)
	for err == nil && r.take("OR") {
		var right condition
		a := left
		right, err = both(r)
		left = func(f Fields) bool { return a(f) || right(f) }
	}
	return left, err
}

func both(r *reader) (condition, error) {
	left, err := term(r)
	for err == nil {
		r.take("AND")
		if t := r.peek(); t.kind == end || t.text == ")" && t.kind == symbol || t.kind == word && strings.EqualFold(t.text, "OR") {
			break
		}
		var right condition
		a := left
		right, err = term(r)
		left = func(f Fields) bool { return a(f) && right(f) }
	}
	return left, err
}

func term(r *reader) (condition, error) {
	switch {
	case r.take("NOT"):
		inner, err := term(r)
		return func(f Fields) bool { return !inner(f) }, err
	case r.take("("):
		inner, err := either(r)
		if err != nil {
			return nil, err
		}
		return inner, r.want(")")
	case r.peek().text == "*" && r.peek().kind == word:
		r.next()
		return func(Fields) bool { return true }, nil
	}
	name, err := r.name()
	if err != nil {
		return nil, err
	}
	if r.take("IN") {
		return in(r, name)
	}
	operator := r.next()
	if operator.kind != symbol || operator.text == "(" || operator.text == ")" || operator.text == "," {
		return nil, fmt.Errorf("want FIELD=VALUE, have %q alone: words that may stand anywhere aren't known", name)
	}
	wanted := r.next()
	if wanted.kind != word && wanted.kind != text {
		return nil, fmt.Errorf("want a value of %s, have %q", name, wanted.text)
	}
	return compared(name, operator.text, wanted.text), nil
}

func in(r *reader, name string) (condition, error) {
	if err := r.want("("); err != nil {
		return nil, err
	}
	var any []condition
	for !r.take(")") {
		r.take(",")
		any = append(any, compared(name, "=", r.next().text))
	}
	return func(f Fields) bool {
		for _, c := range any {
			if c(f) {
				return true
			}
		}
		return false
	}, nil
}

// compared compares a field's values, whatever the case of letters. What hasn't the field fits nothing, != neither.
func compared(name, operator, wanted string) condition {
	fits := regexp.MustCompile("(?is)^" + strings.ReplaceAll(regexp.QuoteMeta(wanted), `\*`, ".*") + "$").MatchString
	return func(f Fields) bool {
		values := f.Get(name)
		for _, v := range values {
			switch operator {
			case "=":
				if fits(v) {
					return true
				}
			case "!=":
				if fits(v) {
					return false
				}
			default:
				if holds(operator, v, wanted) {
					return true
				}
			}
		}
		return operator == "!=" && len(values) > 0
	}
}
