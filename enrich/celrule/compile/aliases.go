package compile

import (
	"maps"

	"github.com/google/cel-go/common/ast"
)

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
