package kql

import (
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// ingestionBounds reads from the conditions of the pipe which ingestion times can matter at all: from is inside, to
// is not; zero means no bound. The conditions are evaluated all the same, so the bounds may be too wide, never too
// narrow.
func ingestionBounds(steps []step) (from, to time.Time) {
	var b bounds
	for _, st := range steps {
		if st.op != "where" {
			break
		}
		b.conjuncts(st.exprs[0].node)
	}
	return b.from, b.to
}

type bounds struct{ from, to time.Time }

func (b *bounds) conjuncts(n node) {
	c, ok := n.(binary)
	if !ok {
		return
	}
	if c.op == "and" {
		b.conjuncts(c.left)
		b.conjuncts(c.right)
		return
	}
	if left, ok := c.left.(call); ok && left.fn == "ingestion_time" {
		b.narrow(c.op, c.right)
	}
}

// narrow applies ingestion_time() op n when n is a time.
func (b *bounds) narrow(op string, n node) {
	at, ok := n.(literal)
	if !ok || at.value.typ != enrich.Datetime {
		return
	}
	switch t := timeOf(at.value.n); {
	case (op == ">" || op == ">=") && t.After(b.from):
		b.from = t
	case op == "<" && (b.to.IsZero() || t.Before(b.to)):
		b.to = t
	}
}
