package kql

import (
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// function is a scalar function: what it takes, what it gives and how.
type function struct {
	least, most int
	gives       func(args []expr) enrich.Type
	eval        func(args []value) value
}

func always(t enrich.Type) func([]expr) enrich.Type {
	return func([]expr) enrich.Type { return t }
}

func typeOfArg(i int) func([]expr) enrich.Type {
	return func(args []expr) enrich.Type { return args[i].typ }
}

// functionCalled returns the function with that name.
func functionCalled(name string) (function, bool) {
	switch name {
	case "hash":
		return function{1, 2, always(enrich.Long), evalHash}, true
	case "bin", "floor":
		return function{2, 2, typeOfArg(0), evalBin}, true
	case "isempty":
		return function{1, 1, always(enrich.Bool), func(a []value) value { return boolValue(a[0].String() == "") }}, true
	case "isnotempty":
		return function{1, 1, always(enrich.Bool), func(a []value) value { return boolValue(a[0].String() != "") }}, true
	case "isnull":
		return function{1, 1, always(enrich.Bool), func(a []value) value { return boolValue(a[0].null) }}, true
	case "isnotnull":
		return function{1, 1, always(enrich.Bool), func(a []value) value { return boolValue(!a[0].null) }}, true
	case "not":
		return function{1, 1, always(enrich.Bool), evalNot}, true
	case "tostring":
		return function{1, 1, always(enrich.String), func(a []value) value { return stringValue(a[0].String()) }}, true
	case "tolower":
		return function{1, 1, always(enrich.String), func(a []value) value { return stringValue(strings.ToLower(a[0].String())) }}, true
	case "toupper":
		return function{1, 1, always(enrich.String), func(a []value) value { return stringValue(strings.ToUpper(a[0].String())) }}, true
	case "strlen":
		return function{1, 1, always(enrich.Long), func(a []value) value { return longValue(int64(len([]rune(a[0].String())))) }}, true
	case "strcat":
		return function{1, 64, always(enrich.String), evalStrcat}, true
	case "tolong", "toint":
		return function{1, 1, always(enrich.Long), convert(enrich.Long)}, true
	case "todouble", "toreal":
		return function{1, 1, always(enrich.Real), convert(enrich.Real)}, true
	case "todatetime":
		return function{1, 1, always(enrich.Datetime), convert(enrich.Datetime)}, true
	case "tobool":
		return function{1, 1, always(enrich.Bool), convert(enrich.Bool)}, true
	case "parse_json", "todynamic":
		return function{1, 1, always(enrich.Dynamic), func(a []value) value { return dynamicOf(a[0].String()) }}, true
	case "iff", "iif":
		return function{3, 3, typeOfArg(1), evalIff}, true
	case "coalesce":
		return function{2, 64, typeOfArg(0), evalCoalesce}, true
	}
	return function{}, false
}

func evalNot(a []value) value {
	if a[0].null {
		return a[0]
	}
	return boolValue(!a[0].isTrue())
}

func evalStrcat(a []value) value {
	var out strings.Builder
	for _, v := range a {
		out.WriteString(v.String())
	}
	return stringValue(out.String())
}

func evalIff(a []value) value {
	if a[0].isTrue() {
		return a[1]
	}
	return a[2]
}

func evalCoalesce(a []value) value {
	for _, v := range a {
		if !v.null && (v.typ != enrich.String || v.text != "") {
			return v
		}
	}
	return a[len(a)-1]
}

func convert(t enrich.Type) func(a []value) value {
	return func(a []value) value {
		v := a[0].scalar()
		if v.typ == t {
			return v
		}
		if isWhole(t) && isNumber(v.typ) {
			return longValue(int64(v.number()))
		}
		if out, ok := parseAs(t, v.String()); ok {
			return out
		}
		return nullOf(t)
	}
}

// evalBin rounds down to a multiple; times count from the year 1, as in Kusto.
func evalBin(a []value) value {
	v, size := a[0].scalar(), a[1]
	if v.null || size.null {
		return nullOf(v.typ)
	}
	if v.typ == enrich.Real || size.typ == enrich.Real {
		if size.number() <= 0 {
			return nullOf(enrich.Real)
		}
		return value{typ: enrich.Real, real: math.Floor(v.number()/size.number()) * size.number()}
	}
	if size.n <= 0 {
		return nullOf(v.typ)
	}
	rest := v.n % size.n
	if rest < 0 {
		rest += size.n
	}
	v.n -= rest
	return v
}

// evalHash is FNV-1a with a finalizer that spreads it over all bits, so that any modulus is hit evenly.
// https://www.rfc-editor.org/rfc/rfc9923
func evalHash(a []value) value {
	h := fnv.New64a()
	h.Write([]byte(a[0].String()))
	x := h.Sum64()
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	if len(a) == 1 {
		return longValue(int64(x))
	}
	if a[1].null || a[1].n <= 0 {
		return nullOf(enrich.Long)
	}
	return longValue(int64(x % uint64(a[1].n)))
}

// isTerm reports whether word stands in text between characters that aren't letters or digits, as has wants it.
func isTerm(text, word string) bool {
	if word == "" {
		return true
	}
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		if (start == 0 || !isTermByte(text[start-1])) && (end == len(text) || !isTermByte(text[end])) {
			return true
		}
		at = start + 1
	}
}

func isTermByte(c byte) bool { return isDigit(c) || c >= 0x80 || isNameStart(c) && c != '_' }

// compareText evaluates the operators on strings. ok is false when op is none.
func compareText(op, a, b string) (result, ok bool) {
	op, negated := strings.CutPrefix(op, "!")
	op, exact := strings.CutSuffix(op, "_cs")
	if !exact {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	switch op {
	case "=~", "~":
		result = a == b
	case "contains":
		result = strings.Contains(a, b)
	case "startswith":
		result = strings.HasPrefix(a, b)
	case "endswith":
		result = strings.HasSuffix(a, b)
	case "has":
		result = isTerm(a, b)
	default:
		return false, false
	}
	return result != negated, true
}

// compareOrder evaluates the operators on an order.
func compareOrder(op string, order int) bool {
	switch op {
	case "==":
		return order == 0
	case "!=", "<>":
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

// calculate evaluates + - * / % on numbers, times and spans.
func calculate(op string, t enrich.Type, a, b value) value {
	a, b = a.scalar(), b.scalar()
	if a.null || b.null {
		return nullOf(t)
	}
	if t == enrich.Real || a.typ == enrich.Real || b.typ == enrich.Real {
		f := calculateReal(op, a.number(), b.number())
		if isTicking(t) {
			return value{typ: t, n: int64(f)}
		}
		return value{typ: enrich.Real, real: f}
	}
	out := value{typ: t}
	switch op {
	case "+":
		out.n = a.n + b.n
	case "-":
		out.n = a.n - b.n
	case "*":
		out.n = a.n * b.n
	default:
		if b.n == 0 || b.n == -1 {
			return nullOf(t)
		}
		if out.n = a.n / b.n; op == "%" {
			out.n = a.n % b.n
		}
	}
	return out
}

func calculateReal(op string, a, b float64) float64 {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	}
	return math.Mod(a, b)
}

// lookup is the member of a dynamic value, null when there is none.
func lookup(of, key value) value {
	of, key = decodeText(of), key.scalar()
	if of.null || key.null {
		return nullOf(enrich.Dynamic)
	}
	object, list := splitJSON(of.text)
	switch {
	case key.isText():
		return dynamicOf(string(object[key.text]))
	case isWhole(key.typ):
		i := int(key.n)
		if i < 0 {
			i += len(list)
		}
		if i >= 0 && i < len(list) {
			return dynamicOf(string(list[i]))
		}
	}
	return nullOf(enrich.Dynamic)
}

func decodeText(v value) value {
	if v.typ == enrich.String {
		return dynamicOf(v.text)
	}
	return v
}

func isAggregate(name string) bool {
	return slices.Contains([]string{"count", "countif", "dcount", "min", "max", "sum"}, name)
}
