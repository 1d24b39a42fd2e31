package index

import (
	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// constants returns the texts that e can be, if they don't depend on the event: the text of a literal, or the items of a list over
// which e loops, as in lists.NAME.exists(e, ..).
func (f *finder) constants(e ast.Expr, in *scope) ([]string, bool) {
	if s, ok := compile.Literal(e); ok {
		return []string{s}, true
	}
	if e.Kind() != ast.IdentKind {
		return nil, false
	}
	loop := in.loop(e.AsIdent())
	if loop == nil {
		return nil, false
	}
	if set := f.set(loop.over, loop.outer); set != nil {
		var all []string
		for _, item := range set.Items { // as they are written: a loop sees no folding
			all = append(all, celval.Text(item))
		}
		return all, true
	}
	return f.texts(loop.over, loop.outer)
}

// texts returns the items of a list of literals, lists.NAME or context.list("NAME"); ok is false for other lists, and for those
// that take no notice of case.
func (f *finder) texts(list ast.Expr, in *scope) (all []string, ok bool) {
	list, in = f.resolved(list, in)
	if set := f.set(list, in); set != nil {
		return set.Keys(), !set.Folded
	}
	if list.Kind() != ast.ListKind {
		return nil, false
	}
	for _, item := range list.AsList().Elements() {
		s, ok := compile.Literal(item)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// set returns the list of a rule file or of the context that e names, nil for other expressions.
func (f *finder) set(e ast.Expr, in *scope) *celval.List {
	e, _ = f.resolved(e, in)
	if name := compile.ListNamed(e); name != "" {
		return searched(f.lists.OfFiles(name))
	}
	if e.Kind() != ast.CallKind || !e.AsCall().IsMemberFunction() || e.AsCall().FunctionName() != "list" {
		return nil
	}
	name, ok := firstLiteral(e.AsCall())
	if of := e.AsCall().Target(); !ok || of.Kind() != ast.IdentKind || of.AsIdent() != compile.VarContext {
		return nil
	}
	return searched(f.lists.OfContext(name))
}

// searched returns l if its items are found by hash, nil otherwise.
func searched(l *celval.List) *celval.List {
	if l == nil || !l.IsSet() {
		return nil
	}
	return l
}
