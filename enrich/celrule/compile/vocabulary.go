package compile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// vocabulary looks in a checked expression for texts that are compared with, or ask for, what only certain texts can be.
type vocabulary struct {
	in       fragment
	lang     *Language
	checked  *ast.AST
	inside   map[int64]string // node -> macro
	aliases  map[string]alias
	table    string
	problems diag.Problems
}

func (v *vocabulary) problemsIn() diag.Problems {
	ast.PostOrderVisit(v.checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind {
			return
		}
		if c := e.AsCall(); c.IsMemberFunction() {
			v.method(c)
		} else if len(c.Args()) == 2 {
			v.comparison(c.FunctionName(), c.Args()[0], c.Args()[1])
		}
	}))
	return v.problems
}

// targetTypes are the types of targets in the logs of Entra ID.
// https://learn.microsoft.com/graph/api/resources/targetresource
func targetTypes() []string {
	return []string{"User", "ServicePrincipal", "Application", "Role", "Group", "Policy", "Device", "Directory", "Request", "Other"}
}

// comparison looks at ==, != and in.
func (v *vocabulary) comparison(function string, left, right ast.Expr) {
	switch function {
	case "_==_", "_!=_":
		v.fieldText(left, right)
		v.fieldText(right, left)
		v.sameCase(left, right)
		v.sameCase(right, left)
	case "@in":
		if right.Kind() == ast.ListKind {
			for _, item := range right.AsList().Elements() {
				v.fieldText(left, item)
				v.sameCase(left, item)
			}
		}
		v.fieldTexts(left, right)
		v.sameCaseInList(left, right)
	}
}

// fieldOf is the field that e is, as people write it, and the texts that it can be.
func (v *vocabulary) fieldOf(e ast.Expr) (name string, texts []string) {
	if e.Kind() == ast.IdentKind {
		m := v.aliases[e.AsIdent()]
		return m.field, m.texts
	}
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return "", nil
	}
	s := e.AsSelect()
	return strings.ToLower(v.typeName(s.Operand())) + "." + s.FieldName(), v.field(s).OneOf
}

// field is the field of an object that s asks for; the zero value when it isn't one.
func (v *vocabulary) field(s ast.SelectExpr) celval.Field {
	if owner := v.lang.provider.TypeNamed(v.typeName(s.Operand())); owner != nil {
		return owner.Fields[s.FieldName()]
	}
	return celval.Field{}
}

// typeName is the name of an object's type, "" for what isn't one.
func (v *vocabulary) typeName(e ast.Expr) string {
	t := v.checked.GetType(e.ID())
	if t == nil || v.lang.provider.TypeNamed(t.TypeName()) == nil {
		return ""
	}
	return t.TypeName()
}

func (v *vocabulary) fieldText(field, value ast.Expr) {
	s, ok := Literal(value)
	if !ok {
		return
	}
	if name, known := v.fieldOf(field); known != nil && !slices.Contains(known, s) {
		v.problems = append(v.problems, v.problem(value, CodeNever, fmt.Sprintf("%s is never %q", name, s), nearest(s, known)))
	}
}

// fieldTexts is fieldText for each item of lists.NAME that stands in a rule file.
func (v *vocabulary) fieldTexts(field, list ast.Expr) {
	name, known := v.fieldOf(field)
	declared := v.lang.declared[ListNamed(list)]
	if known == nil || declared == nil {
		return
	}
	for _, item := range slices.Concat(declared.Items, declared.Added) {
		same := func(s string) bool {
			return s == item.Value || declared.CaseInsensitive && strings.EqualFold(s, item.Value)
		}
		if !slices.ContainsFunc(known, same) {
			p := item.Problem(CodeNever, 0, 0, fmt.Sprintf("%s, which a rule looks for in this list, is never %q", name, item.Value))
			p.Suggestion = nearest(item.Value, known)
			v.problems = append(v.problems, p)
		}
	}
}

// nearest suggests one of the known words, or all of them.
func nearest(word string, known []string) string {
	known = event.NonEmpty(slices.Clone(known)...)
	return cmp.Or(didYouMean(word, known), "known: "+strings.Join(known, ", "))
}

// method looks at the arguments of event.target, event.change, event.changed and Target.change, and at texts that are looked
// for in one that is in lower case.
func (v *vocabulary) method(c ast.CallExpr) {
	if len(c.Args()) != 1 || c.Target() == nil {
		return
	}
	if slices.Contains([]string{"startsWith", "endsWith", "contains"}, c.FunctionName()) {
		v.pieceInLower(c)
		return
	}
	s, ok := Literal(c.Args()[0])
	of := v.typeName(c.Target())
	if !ok || v.lang.tables[of] == nil && of != "Target" {
		return
	}
	switch c.FunctionName() {
	case "target":
		if !slices.ContainsFunc(targetTypes(), func(t string) bool { return strings.EqualFold(t, s) }) {
			p := v.problem(c.Args()[0], CodeNever, fmt.Sprintf("no target is of the type %q", s), nearest(s, targetTypes()))
			v.problems = append(v.problems, p)
		}
	case "change", "changed":
		v.property(c.Args()[0], s)
	}
}

// property warns of the name of a property that is nearly a known one. Nobody knows all of them.
func (v *vocabulary) property(e ast.Expr, name string) {
	if near := diag.Near(name, schema.Properties()); near != "" {
		p := v.problem(e, CodeProperty, fmt.Sprintf("riskrelay doesn't know a property called %q", name), "did you mean `"+near+"`?")
		p.Severity = diag.Warning
		v.problems = append(v.problems, p)
	}
}

// problem is an error about e.
func (v *vocabulary) problem(e ast.Expr, code, message, suggestion string) diag.Problem {
	if m, ok := v.inside[e.ID()]; ok {
		message = fmt.Sprintf("in the macro `%s`: %s", m, message)
	}
	at, _ := v.checked.SourceInfo().GetOffsetRange(e.ID())
	p := problemAt(v.in, code, int(at.Start), message)
	p.Suggestion = suggestion
	return p
}

// noteAlias notes what the let called name is another name of, if checks of texts have something to say about that.
func (c *compiler) noteAlias(name string, checked *ast.AST) {
	e := checked.Expr()
	v := &vocabulary{lang: c.lang, checked: checked, aliases: c.aliases}
	field, texts := v.fieldOf(e)
	m := alias{IsField(e, "operation"), field, texts, v.lowered(e)}
	if e.Kind() == ast.IdentKind {
		m = c.aliases[e.AsIdent()]
	}
	if m.operation || m.texts != nil || m.lowered != nil {
		c.aliases[name] = m
	}
}

// visibleAliases returns the aliases that count in e: those whose names no loop in e uses for its variable.
func (c *compiler) visibleAliases(e ast.Expr) map[string]alias {
	if len(c.aliases) == 0 {
		return nil
	}
	out := maps.Clone(c.aliases)
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			delete(out, e.AsComprehension().IterVar())
			delete(out, e.AsComprehension().IterVar2())
		}
	}))
	return out
}
