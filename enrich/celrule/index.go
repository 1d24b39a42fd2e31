package celrule

import (
	"maps"
	"slices"

	"github.com/google/cel-go/common/ast"
)

// index finds the rules of a table that can match an event by its operation. Rules that match whatever the operation
// is, or of which that isn't known, are candidates always.
type index struct {
	rest   []*tableRule
	byName map[string][]*tableRule // rest and the rules of the operation, in the order of their ids
}

func newIndex(rules []*tableRule, setOf func(string) *list) index {
	x := index{byName: map[string][]*tableRule{}}
	own := map[string][]*tableRule{}
	for _, r := range rules {
		operations, ok := r.operations(setOf)
		if !ok {
			x.rest = append(x.rest, r)
			continue
		}
		for name := range operations {
			own[name] = append(own[name], r)
		}
	}
	for name, list := range own {
		x.byName[name] = append(slices.Clone(x.rest), list...)
		slices.SortFunc(x.byName[name], byID)
	}
	return x
}

func (x *index) candidates(operation string) []*tableRule {
	if list, ok := x.byName[operation]; ok {
		return list
	}
	return x.rest
}

// operations are the folded operations without which the rule's condition can't hold; ok is false when it may hold for
// any.
func (r *tableRule) operations(setOf func(string) *list) (map[string]bool, bool) {
	f := finder{rule: r, setOf: setOf}
	return f.find(r.when.checked.Expr())
}

type finder struct {
	rule  *tableRule
	setOf func(string) *list
}

// find looks for a condition on the operation that holds whenever e does. Where one side of "and" is false or
// fails, the whole is never true, so that one side's condition is enough; "or" needs one on both sides.
func (f finder) find(e ast.Expr) (map[string]bool, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		for _, let := range f.rule.lets {
			if let.name == e.AsIdent() {
				return f.find(let.checked.Expr())
			}
		}
	case ast.CallKind:
		return f.call(e.AsCall())
	}
	return nil, false
}

func (f finder) call(c ast.CallExpr) (map[string]bool, bool) {
	switch c.FunctionName() {
	case "_&&_":
		return f.both(c.Args())
	case "_||_":
		return f.either(c.Args())
	case "_==_":
		left, right := c.Args()[0], c.Args()[1]
		if !f.isOperation(left) {
			left, right = right, left
		}
		if s, ok := literal(right); ok && f.isOperation(left) {
			return foldAll(s)
		}
	case "@in":
		if f.isOperation(c.Args()[0]) {
			return f.list(c.Args()[1])
		}
	}
	return nil, false
}

// both takes the side with fewer operations.
func (f finder) both(args []ast.Expr) (best map[string]bool, ok bool) {
	for _, arg := range args {
		if found, has := f.find(arg); has && (!ok || len(found) < len(best)) {
			best, ok = found, true
		}
	}
	return best, ok
}

func (f finder) either(args []ast.Expr) (map[string]bool, bool) {
	all := map[string]bool{}
	for _, arg := range args {
		found, ok := f.find(arg)
		if !ok {
			return nil, false
		}
		for name := range found {
			all[name] = true
		}
	}
	return all, true
}

// isOperation reports whether e is event.operation or the column that it is made of.
func (f finder) isOperation(e ast.Expr) bool {
	column := f.rule.table.operation
	return isField(e, "operation") || column != "" && isField(e, column)
}

// foldAll are the operations for texts of which the operation, or its column, is one. A column with nothing but white
// space doesn't tell, as the operation may then come from another.
func foldAll(texts ...string) (map[string]bool, bool) {
	all := map[string]bool{}
	for _, s := range texts {
		folded := fold(s)
		if folded == "" {
			return nil, false
		}
		all[folded] = true
	}
	return all, true
}

func (f finder) list(e ast.Expr) (map[string]bool, bool) {
	switch e.Kind() {
	case ast.ListKind:
		var items []string
		for _, item := range e.AsList().Elements() {
			s, ok := literal(item)
			if !ok {
				return nil, false
			}
			items = append(items, s)
		}
		return foldAll(items...)
	case ast.SelectKind:
		of := e.AsSelect().Operand()
		if of.Kind() != ast.IdentKind || of.AsIdent() != varLists {
			return nil, false
		}
		if set := f.setOf(e.AsSelect().FieldName()); set != nil {
			return foldAll(slices.Collect(maps.Keys(set.set))...)
		}
	}
	return nil, false
}
