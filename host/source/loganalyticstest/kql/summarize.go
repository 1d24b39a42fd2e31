package kql

import (
	"iter"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// aggregate is a compiled aggregate function.
type aggregate struct {
	fn  string
	typ enrich.Type
	arg expr // what it looks at; count() has none
}

// tally is an aggregate's state for one group.
type tally struct {
	n    int64
	best value
}

func (a *aggregate) add(t *tally, r *record) {
	if a.fn == "count" {
		t.n++
		return
	}
	v := a.arg.eval(r)
	switch {
	case v.null:
	case t.best.typ == "":
		t.best = v
	case a.fn == "min" && order(v, t.best) < 0, a.fn == "max" && order(v, t.best) > 0:
		t.best = v
	}
}

func (a *aggregate) result(t *tally) value {
	if a.fn == "count" {
		return longValue(t.n)
	}
	if t.best.typ == "" {
		return nullOf(a.typ)
	}
	return t.best
}

func (s *scope) aggregate(n node) (aggregate, error) {
	c, ok := n.(call)
	if !ok || !isAggregate(c.fn) {
		return aggregate{}, s.fail(unknownFunction, "want an aggregate: count, min or max")
	}
	a := aggregate{fn: c.fn, typ: enrich.Long}
	wanted := 1
	if c.fn == "count" {
		wanted = 0
	}
	if len(c.args) != wanted {
		return a, s.fail(wrongArguments, "%s(): function expects %d argument(s)", c.fn, wanted)
	}
	if wanted == 0 {
		return a, nil
	}
	var err error
	a.arg, err = s.compile(c.args[0])
	a.typ = a.arg.typ
	return a, err
}

// summarize groups rows by st.by and computes aggregates of each group. Groups come in the order of their first row.
// Without st.by there is one group, even of no rows.
func (s *scope) summarize(st step, rows iter.Seq[*record]) (iter.Seq[*record], error) {
	var keys []expr
	var aggregates []aggregate
	var columns []column
	for i, n := range st.by {
		e, err := s.compile(n.node)
		if err != nil {
			return nil, err
		}
		keys = append(keys, e)
		columns = append(columns, column{name: columnName(n, i), typ: e.typ, index: len(columns)})
	}
	for i, n := range st.exprs {
		a, err := s.aggregate(n.node)
		if err != nil {
			return nil, err
		}
		aggregates = append(aggregates, a)
		columns = append(columns, column{name: columnName(n, i), typ: a.typ, index: len(columns)})
	}
	before := s.extras
	s.columns, s.rows, s.extras = nil, false, before+len(columns)
	s.define(columns)
	return func(yield func(*record) bool) {
		for _, g := range group(keys, aggregates, rows) {
			r := &record{extra: make([]value, s.extras)}
			copy(r.extra, g.keys)
			for i := range aggregates {
				r.extra[len(keys)+i] = aggregates[i].result(&g.tallies[i])
			}
			if !yield(r) {
				return
			}
		}
	}, nil
}

type groupOf struct {
	keys    []value
	tallies []tally
}

func group(keys []expr, aggregates []aggregate, rows iter.Seq[*record]) []*groupOf {
	var list []*groupOf
	index := map[string]*groupOf{}
	if len(keys) == 0 {
		list = append(list, &groupOf{tallies: make([]tally, len(aggregates))})
	}
	for r := range rows {
		g := &groupOf{}
		if len(keys) == 0 {
			g = list[0]
		} else {
			var id strings.Builder
			for _, k := range keys {
				v := k.eval(r)
				g.keys = append(g.keys, v)
				id.Write(v.appendJSON(nil))
				id.WriteByte(0)
			}
			if known := index[id.String()]; known != nil {
				g = known
			} else {
				g.tallies = make([]tally, len(aggregates))
				index[id.String()] = g
				list = append(list, g)
			}
		}
		for i := range aggregates {
			aggregates[i].add(&g.tallies[i], r)
		}
	}
	return list
}
