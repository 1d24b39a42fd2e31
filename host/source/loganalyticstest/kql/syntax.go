package kql

import "github.com/riskrelay/riskrelay/enrich"

// Query is a query that could be read.
type Query struct {
	source string // the table; "" for print
	at     int
	steps  []step
	print  []named
	text   string
}

// Table is the name of the table that the query reads, "" for print.
func (q *Query) Table() string { return q.source }

// step is one operator of the pipe.
type step struct {
	op    string
	exprs []named   // where (one), extend, project, distinct, summarize's aggregates, sort keys
	by    []named   // summarize
	down  []bool    // order by, top: descending
	names []pattern // project-away, project-keep, project-reorder
	limit int       // take, top
}

// named is an expression with the name that the query gives it, or "".
type named struct {
	name string
	node node
}

// pattern is a column's name, perhaps with a * at its end.
type pattern struct {
	name string
	at   int
}

// node is a part of an expression.
type node interface{ offset() int }

type (
	literal struct {
		at    int
		value value
	}
	name struct {
		at int
		id string
	}
	call struct {
		at   int
		fn   string
		args []node
	}
	binary struct {
		at          int
		op          string
		left, right node
	}
	// member is x.name or x[key] on a dynamic value.
	member struct {
		at     int
		of     node
		key    node
		column string // the name the service would give the column
	}
	// membership is x in (a, b): op says whether case counts and whether it is negated.
	membership struct {
		at  int
		op  string
		x   node
		set []node
	}
)

func (n literal) offset() int    { return n.at }
func (n name) offset() int       { return n.at }
func (n call) offset() int       { return n.at }
func (n binary) offset() int     { return n.at }
func (n member) offset() int     { return n.at }
func (n membership) offset() int { return n.at }

// typeOfWord is the column type that a literal such as real(1) has.
func typeOfWord(word string) enrich.Type {
	switch word {
	case "time":
		return enrich.Timespan
	case "double":
		return enrich.Real
	}
	return enrich.Type(word)
}
