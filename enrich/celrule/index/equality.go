package index

import (
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// oneOf returns the conditions for the text e to be one of texts.
func (f *finder) oneOf(e ast.Expr, texts []string, in *scope) []condition {
	e, in = f.resolved(e, in)
	if compile.IsField(e, "table") {
		if slices.Contains(texts, f.rule.Table.Name) {
			return nil
		}
		return []condition{{}}
	}
	q, ok := f.asked(e, in)
	switch {
	case ok && slices.Contains(texts, "") && f.madeOf(e, in):
		return nil
	case ok:
		return []condition{f.answered(q, texts)}
	case f.viewOf(e, in) == "vault" && e.AsSelect().FieldName() == "class":
		return f.classes(texts)
	case slices.Contains(texts, ""):
		return nil
	}
	return both(f.literalOf(e, texts, in), f.present(e, in))
}

// madeOf reports whether e is made of the column in whose text it stands: it is empty where the column's text stands for nothing.
func (f *finder) madeOf(e ast.Expr, in *scope) bool {
	for e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "lower" {
		e, in = f.resolved(e.AsCall().Target(), in)
	}
	return e.Kind() == ast.SelectKind && (compile.IsField(e, "correlation_id") || compile.IsField(e.AsSelect().Operand(), "actor"))
}

// answered returns the condition for the answer to q to be one of texts.
func (f *finder) answered(q question, texts []string) condition {
	all := make(condition, 0, len(texts)) // lists may have a million items
	for _, s := range texts {
		if q.how == asText && q.column == f.rule.Table.OperationColumn && !enrich.IsNothing(event.Fold(s)) {
			// The folded operation is at hand anyway. One that is empty may come from another column, or of a text for nothing.
			all = append(all, atom{question: question{how: asOperation}, text: event.Fold(s)})
			continue
		}
		all = append(all, atom{question: q, text: s})
	}
	return all
}

// classes returns the conditions for event.vault.class to be one of the classes, none if "other" is among them: that is also the
// class of rows of other services.
func (f *finder) classes(classes []string) []condition {
	all := condition{}
	for _, class := range classes {
		if class == "other" {
			return nil
		}
		all = append(all, atom{question{how: asOperation}, class, classed})
	}
	return []condition{all}
}

// oneOfFolded is oneOf for texts in lower case, with which e is compared without regard to case.
func (f *finder) oneOfFolded(e ast.Expr, texts []string, in *scope) []condition {
	e, in = f.resolved(e, in)
	q, ok := f.asked(e, in)
	switch {
	case compile.IsField(e, "table"):
		return nil
	case !ok || q.how == asOperation:
		return f.oneOf(e, texts, in)
	}
	q.how = asLower
	return []condition{f.answered(q, texts)}
}

// asked returns the question whose answer is exactly the text e; false if no question has that answer.
func (f *finder) asked(e ast.Expr, in *scope) (question, bool) {
	e, in = f.resolved(e, in)
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		switch {
		case s.IsTestOnly():
		case compile.IsField(e, "operation"):
			return question{how: asOperation}, true
		case isEvent(s.Operand()) && f.rule.Table.SeenAs(s.FieldName(), types.StringKind):
			return question{asText, s.FieldName()}, true
		case compile.IsField(s.Operand(), "actor"):
			if column := f.rule.Table.ActorColumn(s.FieldName()); column != "" {
				return question{asText, column}, true
			}
		case compile.IsField(e, "correlation_id") && f.rule.Table.CorrelationColumn != "":
			return question{asText, f.rule.Table.CorrelationColumn}, true
		}
	case ast.CallKind:
		c := e.AsCall()
		if !c.IsMemberFunction() {
			break
		}
		if c.FunctionName() == "lower" {
			q, ok := f.asked(c.Target(), in)
			if q.how == asText {
				q.how = asLower
			}
			return q, ok
		}
		if name, ok := firstLiteral(c); ok && c.FunctionName() == "column" && isEvent(c.Target()) {
			return question{asText, name}, true
		}
	}
	return question{}, false
}

// part returns the conditions for the text e to begin with, contain or end with one of texts, as fits says.
func (f *finder) part(e ast.Expr, texts []string, fits fit, in *scope) []condition {
	if slices.Contains(texts, "") {
		return nil
	}
	q, ok := f.asked(e, in)
	if ok && (fits == begins || q.how == asOperation) {
		all := condition{}
		for _, s := range texts {
			all = append(all, atom{q, s, fits})
		}
		return []condition{all}
	}
	if fits == begins {
		return both(f.literalOf(e, texts, in), f.present(e, in))
	}
	return both(f.insideOf(e, texts, in), f.present(e, in))
}
