package index

import (
	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// viewOf is VIEW of event.VIEW.field, where VIEW is one of the helpers that are put together from several properties, or
// a let that is another name of one; "" for everything else.
func (f *finder) viewOf(e ast.Expr, in *scope) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	return f.view(e.AsSelect().Operand(), in)
}

// view is VIEW of event.VIEW.
func (f *finder) view(e ast.Expr, in *scope) string {
	if f.steps++; f.steps > maxSteps {
		return ""
	}
	if e.Kind() == ast.IdentKind {
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.view(let, there)
		}
	}
	for _, view := range []string{"api", "grant", "consent", "role", "vault"} {
		if compile.IsField(e, view) {
			return view
		}
	}
	return ""
}

// shown are the conditions for a field of a view to have something in it: to be true, or a text or list that isn't empty.
func (f *finder) shown(view, field string) []condition {
	switch {
	case view == "consent" && field == "blocked_risky":
		return literals([]string{"ResultReason", "ResultDescription", event.TargetsColumn}, event.BlockedReason)
	case view == "role":
		return f.roleShown()
	}
	if needed := event.ChangedProperties(view, field); needed != nil {
		return literals([]string{event.TargetsColumn}, needed...)
	}
	return nil
}

// roleShown are the conditions for event.role to have anything in it.
func (f *finder) roleShown() []condition {
	operation := func(part string) condition { return condition{atom{question{how: asOperation}, part, holds}} }
	if f.rule.Table.Name == "AzureActivity" {
		return []condition{operation("roleassignments/")}
	}
	return either(literals([]string{event.TargetsColumn}, event.ChangedProperties("role", "present in properties")...), []condition{operation("role")})
}
