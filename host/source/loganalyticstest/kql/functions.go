package kql

import (
	"hash/fnv"
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
)

// function is a scalar function: how many arguments it takes, the type that it gives, "" for that of the first, and how.
type function struct {
	takes int
	gives enrich.Type
	eval  func(args []value) value
}

// functionCalled returns the function with that name.
func functionCalled(name string) (function, bool) {
	switch name {
	case "hash":
		return function{2, enrich.Long, evalHash}, true
	case "bin":
		return function{2, "", evalBin}, true
	case "tostring":
		return function{1, enrich.String, func(a []value) value { return stringValue(a[0].String()) }}, true
	}
	return function{}, false
}

// evalBin rounds down to a multiple; times count from the year 1, as in Kusto.
func evalBin(a []value) value {
	v, size := a[0], a[1]
	if v.null || size.null || size.n <= 0 {
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
	if a[1].null || a[1].n <= 0 {
		return nullOf(enrich.Long)
	}
	return longValue(int64(x % uint64(a[1].n)))
}

// compareOrder evaluates the operators on an order.
func compareOrder(op string, order int) bool {
	switch op {
	case "==":
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

func isAggregate(name string) bool {
	return slices.Contains([]string{"count", "min", "max"}, name)
}
