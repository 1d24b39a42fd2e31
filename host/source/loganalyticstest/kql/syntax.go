package kql

// Query is a query that could be read.
type Query struct {
	source string // the table
	steps  []step
}

// Table is the name of the table that the query reads.
func (q *Query) Table() string { return q.source }

// step is one operator of the pipe.
type step struct {
	op    string
	exprs []named // where (one), extend, project, summarize's aggregates, sort keys
	by    []named // summarize
	down  []bool  // order by: descending
	limit int     // take
}

// named is an expression with the name that the query gives it, or "".
type named struct {
	name string
	node node
}

// node is a part of an expression: a literal, name, call, binary or membership.
type node any

type (
	literal struct{ value value }
	name    struct{ id string }
	call    struct {
		fn   string
		args []node
	}
	binary struct {
		op          string
		left, right node
	}
	// membership is x in (a, b).
	membership struct {
		x   node
		set []node
	}
)
