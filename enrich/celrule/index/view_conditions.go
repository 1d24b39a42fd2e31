package index

import (
	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// viewOf returns the VIEW of event.VIEW.field, also if a let stands for event.VIEW; "" for other expressions. event.actor isn't
// one of these views.
func (f *finder) viewOf(e ast.Expr, in *scope) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	return f.view(e.AsSelect().Operand(), in)
}

// view returns the VIEW of event.VIEW, or of a let that stands for it.
func (f *finder) view(e ast.Expr, in *scope) string {
	if f.steps++; f.steps > maxSteps {
		return ""
	}
	if e.Kind() == ast.IdentKind {
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.view(let, there)
		}
	}
	if name := compile.EventField(e); f.rule.Table.HasView(name) {
		return name
	}
	return ""
}

// viewConditions returns the conditions for a field of a view to be true, or to be a text or list that isn't empty.
func (f *finder) viewConditions(view, field string) []condition {
	source := f.rule.Table.Source(view, field)
	var found []condition
	if source.Operation != "" {
		found = []condition{{atom{question{how: asOperation}, source.Operation, holds}}}
	}
	if source.Words == nil {
		return found
	}
	words := literals(source.In, source.Words...)
	if found == nil {
		return words
	}
	return either(words, found)
}
