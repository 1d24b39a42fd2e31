package compile

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// Uses are the names that an expression depends on.
type Uses struct {
	Lets, Lists, Macros, Needs, Columns map[string]bool
}

func newUses() Uses {
	return Uses{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (u Uses) add(other Uses) {
	for _, pair := range [][2]map[string]bool{
		{u.Lets, other.Lets},
		{u.Lists, other.Lists},
		{u.Macros, other.Macros},
		{u.Needs, other.Needs},
		{u.Columns, other.Columns},
	} {
		for name := range pair[1] {
			pair[0][name] = true
		}
	}
}

// Expression is a compiled expression of one rule in one table.
type Expression struct {
	Checked *ast.AST
	Program cel.Program
	Watched bool // its cost isn't bounded beforehand: it depends on the event
	cost    price
	uses    Uses
}

// sharing is what expressions have in common that are compiled once. Lets, which mean something else in each rule, must
// not be in them. Large sets have few different messages and objects.
type sharing struct {
	table *event.Table
	expr  string
	key   string
}
