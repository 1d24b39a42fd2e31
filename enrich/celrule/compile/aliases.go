package compile

import (
	"maps"

	"github.com/google/cel-go/common/ast"
)

// mean notes what the let called name is another name of.
func (c *compiler) mean(name string, checked *ast.AST) {
	e := checked.Expr()
	v := &vocabulary{lang: c.lang, checked: checked, means: c.means}
	field, texts := v.fieldOf(e)
	m := meaning{IsField(e, "operation"), field, texts, v.lowered(e)}
	if e.Kind() == ast.IdentKind {
		m = c.means[e.AsIdent()]
	}
	if m.operation || m.texts != nil || m.lowered != nil {
		c.means[name] = m
	}
}

// visible are the meanings of lets in e: those without the lets whose names a loop in e has for its variable.
func (c *compiler) visible(e ast.Expr) map[string]meaning {
	if len(c.means) == 0 {
		return nil
	}
	out := maps.Clone(c.means)
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			delete(out, e.AsComprehension().IterVar())
			delete(out, e.AsComprehension().IterVar2())
		}
	}))
	return out
}
