package kql

import (
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// ingestionBounds reads from the conditions of the pipe which ingestion times can matter at all: from is inside, to
// is not; zero means no bound. The conditions are evaluated all the same, so the bounds may be too wide, never too
// narrow.
func ingestionBounds(steps []step, now time.Time) (from, to time.Time) {
	b := bounds{names: map[string]bool{}, constants: scope{now: now}}
	for _, st := range steps {
		switch st.op {
		case "where":
			b.conjuncts(st.exprs[0].node)
		case "extend":
			b.aliases(st.exprs)
		case "project-away", "sort":
		default:
			return b.from, b.to
		}
	}
	return b.from, b.to
}

type bounds struct {
	from, to  time.Time
	names     map[string]bool // columns that hold the ingestion time
	constants scope
}

// aliases notes which columns hold the ingestion time and which do no longer.
func (b *bounds) aliases(list []named) {
	for _, n := range list {
		if n.name != "" {
			b.names[n.name] = b.isIngestionTime(n.node)
		}
	}
}

func (b *bounds) isIngestionTime(n node) bool {
	switch n := n.(type) {
	case call:
		return n.fn == "ingestion_time"
	case name:
		return b.names[n.id]
	}
	return false
}

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
	if b.isIngestionTime(c.left) {
		b.narrow(c.op, c.right)
	} else if mirrored := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}[c.op]; mirrored != "" && b.isIngestionTime(c.right) {
		b.narrow(mirrored, c.left)
	}
}

// narrow applies ingestion_time() op n when n is a time that doesn't depend on the row.
func (b *bounds) narrow(op string, n node) {
	e, err := b.constants.compile(n)
	if err != nil || !e.fixed || e.typ != enrich.Datetime {
		return
	}
	v := e.eval(nil)
	if v.null {
		return
	}
	at := timeOf(v.n)
	if (op == ">" || op == ">=" || op == "==") && at.After(b.from) {
		b.from = at
	}
	if after := at.Add(100 * time.Nanosecond); (op == "<=" || op == "==") && (b.to.IsZero() || after.Before(b.to)) {
		b.to = after
	}
	if op == "<" && (b.to.IsZero() || at.Before(b.to)) {
		b.to = at
	}
}
