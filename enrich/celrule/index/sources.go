package index

import (
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// literalOf returns the conditions for the text e, or an item of the list e, to contain one of texts: then a word of that text
// stands in a column that e is copied from.
func (f *finder) literalOf(e ast.Expr, texts []string, in *scope) []condition {
	columns := f.sourceColumns(e, in)
	if columns == nil {
		return nil
	}
	return literals(columns, texts...)
}

// literals returns the condition that a word of one of texts stands in one of the columns; none if a text has no word that is long
// enough to be looked for.
func literals(columns []string, texts ...string) []condition {
	all := condition{}
	for _, s := range texts {
		word := wordOf(s)
		if word == "" {
			return nil
		}
		for _, column := range columns {
			all = append(all, atom{question: question{asLiteral, column}, text: word})
		}
	}
	return []condition{all}
}

// insideOf are the conditions for the text e to have one of texts somewhere in it. A text that begins in the middle of e may
// begin in the middle of an escape, too: values that are JSON are written anew, and a control character that the row has
// as \n or as itself is \u000a then.
func (f *finder) insideOf(e ast.Expr, texts []string, in *scope) []condition {
	columns := f.sourceColumns(e, in)
	if columns == nil {
		return nil
	}
	if !slices.ContainsFunc(columns, func(c string) bool { return !f.rule.Table.SeenAs(c, types.StringKind) }) {
		return literals(columns, texts...)
	}
	var certain []string
	for _, s := range texts {
		certain = append(certain, withoutEscapes(s))
	}
	return literals(columns, certain...)
}

// withoutEscapes takes away from s what may be, or be the end of, an escape such as \u000a: at its beginning, and behind
// backslashes.
func withoutEscapes(s string) string {
	parts := strings.Split(s, `\`)
	for i, part := range parts {
		parts[i] = part[escapeEnd(part):]
	}
	return strings.Join(parts, " ")
}

// escapeEnd is how much of the beginning of s may be the end of \u00XX for a control character.
func escapeEnd(s string) int {
	const hex = "0123456789abcdefABCDEF"
	for n, form := range []string{"u00", "00", "0", ""} {
		length := len(form) + 2
		if len(s) >= length && strings.HasPrefix(s, form) && strings.IndexByte("017", s[length-2]) >= 0 && strings.IndexByte(hex, s[length-1]) >= 0 {
			return 5 - n
		}
	}
	if s != "" && strings.IndexByte(hex, s[0]) >= 0 {
		return 1
	}
	return 0
}

// shortestWord is what a scanner can look for.
const shortestWord = 4

// wordOf is the longest run of characters in s, in lower case, that is the same wherever s stands in JSON, however
// deep; "" when that is too short. Numbers are left out, as reading may change how they are written.
func wordOf(s string) string {
	best := ""
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !plain(r) }) {
		if len(word) > len(best) && strings.ContainsFunc(word, func(r rune) bool { return isLetter(r) && r|0x20 != 'e' }) && !strings.Contains(word, "Inf") {
			best = word
		}
	}
	if len(best) < shortestWord {
		return ""
	}
	return strings.ToLower(best)
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

func plain(r rune) bool {
	return isLetter(r) || r >= '0' && r <= '9' || strings.ContainsRune("_-.@#=", r)
}

// sourceColumns returns the columns from which e's text, or the texts in it, are copied verbatim, up to case and escapes; nil if
// unknown.
func (f *finder) sourceColumns(e ast.Expr, in *scope) []string {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	switch e.Kind() {
	case ast.IdentKind:
		if loop := in.loop(e.AsIdent()); loop != nil {
			return f.sourceColumns(loop.over, loop.outer)
		}
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.sourceColumns(let, there)
		}
	case ast.SelectKind:
		return f.fieldColumns(e.AsSelect(), in)
	case ast.CallKind:
		return f.callColumns(e.AsCall(), in)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		if made, inner := mapped(c, in); made != nil {
			return f.sourceColumns(made, inner)
		}
	}
	return nil
}

func (f *finder) fieldColumns(s ast.SelectExpr, in *scope) []string {
	of, name := s.Operand(), s.FieldName()
	switch {
	case s.IsTestOnly():
		return nil
	case isEvent(of):
		return f.rule.Table.Sources(name)
	case compile.IsField(of, "actor"):
		if f.rule.Table.CopiedField("Actor", name) {
			return f.rule.Table.ActorSources()
		}
		return nil
	}
	if view := f.view(of, in); view != "" {
		return f.rule.Table.Source(view, name).Texts
	}
	typ := in.checked.GetType(of.ID())
	if typ == nil {
		return nil
	}
	if typ.Kind() == types.StructKind {
		named := name == "name" && typ.TypeName() == "Change" && f.realChange(of, in)
		if !named && !f.rule.Table.CopiedField(typ.TypeName(), name) {
			return nil
		}
	}
	return f.sourceColumns(of, in)
}

// realChange reports whether e is the variable of a loop over changes that the row has: those of event.changes or of a
// target's changes, filtered or not. Lists that rules make may hold changes that aren't there.
func (f *finder) realChange(e ast.Expr, in *scope) bool {
	if e.Kind() != ast.IdentKind {
		return false
	}
	loop := in.loop(e.AsIdent())
	if loop == nil {
		return false
	}
	over, there := f.resolved(loop.over, loop.outer)
	if over.Kind() == ast.ComprehensionKind {
		made, inner := mapped(over.AsComprehension(), there)
		return made != nil && f.realChange(made, inner)
	}
	return over.Kind() == ast.SelectKind && over.AsSelect().FieldName() == "changes" && !over.AsSelect().IsTestOnly()
}

func (f *finder) callColumns(c ast.CallExpr, in *scope) []string {
	name, args := c.FunctionName(), c.Args()
	if c.IsMemberFunction() {
		switch {
		case isEvent(c.Target()):
			return f.methodColumns(c)
		case name == "change", name == "lower":
			return f.sourceColumns(c.Target(), in)
		case name == "orValue":
			other, ok := firstLiteral(c)
			if ok && other == "" {
				return f.sourceColumns(c.Target(), in)
			}
		}
		return nil
	}
	switch name {
	case "_[_]", "_?._", "_[?_]":
		if isEvent(args[0]) {
			if field, ok := compile.Literal(args[1]); ok {
				return f.rule.Table.Sources(field)
			}
			return nil
		}
		if isView(in.checked.GetType(args[0].ID())) {
			return nil
		}
		return f.sourceColumns(args[0], in)
	case "credential", "words", compile.ShortFunction, "minus", "common":
		return f.sourceColumns(args[0], in)
	}
	return nil
}

// methodColumns is sourceColumns for what a method of event returns.
func (f *finder) methodColumns(c ast.CallExpr) []string {
	if c.FunctionName() == "column" {
		if name, ok := firstLiteral(c); ok {
			return []string{name}
		}
	}
	return f.rule.Table.MethodSources(c.FunctionName())
}

// isView reports whether t is the type of a view, optional or not. Whether its texts are copied depends on the field.
func isView(t *types.Type) bool {
	if t == nil || t.Kind() == types.StructKind {
		return true
	}
	return slices.ContainsFunc(t.Parameters(), isView)
}

// present returns the conditions for the list or text e not to be empty, or for the target or change e to be there.
func (f *finder) present(e ast.Expr, in *scope) []condition {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	switch e.Kind() {
	case ast.IdentKind:
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.present(let, there)
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if view := f.viewOf(e, in); view != "" {
			return f.viewConditions(view, s.FieldName())
		}
		if typ := in.checked.GetType(s.Operand().ID()); typ != nil && !s.IsTestOnly() && f.rule.Table.CopiedField(typ.TypeName(), s.FieldName()) {
			return f.present(s.Operand(), in)
		}
	case ast.CallKind:
		return f.presentCall(e.AsCall(), in)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		if made, _ := mapped(c, in); made != nil {
			return both(f.present(c.IterRange(), in), f.filtered(c, in))
		}
	}
	return nil
}

func (f *finder) presentCall(c ast.CallExpr, in *scope) []condition {
	name, args := c.FunctionName(), c.Args()
	asked, literalArg := firstLiteral(c)
	switch {
	case !c.IsMemberFunction() && (name == "minus" || name == "words"):
		return f.present(args[0], in)
	case !c.IsMemberFunction() && name == "common":
		return both(f.present(args[0], in), f.present(args[1], in))
	case !c.IsMemberFunction() || !literalArg || name != "change" && name != "target":
		return nil
	case isEvent(c.Target()):
		return literals([]string{event.TargetsColumn}, asked)
	}
	if columns := f.sourceColumns(c.Target(), in); columns != nil {
		return both(literals(columns, asked), f.present(c.Target(), in))
	}
	return nil
}

// exists returns the conditions for x.exists(v, body): x isn't empty, and the body holds for an element.
func (f *finder) exists(c ast.ComprehensionExpr, in *scope) []condition {
	if c.HasIterVar2() || c.AccuInit().Kind() != ast.LiteralKind || c.AccuInit().AsLiteral() != types.False || !isAccu(c.Result(), c) {
		return nil
	}
	step := c.LoopStep()
	if step.Kind() != ast.CallKind || step.AsCall().FunctionName() != "_||_" || !isAccu(step.AsCall().Args()[0], c) {
		return nil
	}
	inner := &scope{in.checked, c.IterVar(), c.IterRange(), in}
	return both(f.present(c.IterRange(), in), f.find(step.AsCall().Args()[1], true, inner))
}

func isAccu(e ast.Expr, c ast.ComprehensionExpr) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == c.AccuVar()
}

// mapped returns the expression whose values x.map(..) or x.filter(..) collects, with its scope; nil for other comprehensions.
func mapped(c ast.ComprehensionExpr, in *scope) (ast.Expr, *scope) {
	if c.HasIterVar2() || c.AccuInit().Kind() != ast.ListKind || c.AccuInit().AsList().Size() != 0 || !isAccu(c.Result(), c) {
		return nil, nil
	}
	step := c.LoopStep()
	if step.Kind() == ast.CallKind && step.AsCall().FunctionName() == "_?_:_" {
		if !isAccu(step.AsCall().Args()[2], c) {
			return nil, nil
		}
		step = step.AsCall().Args()[1]
	}
	if step.Kind() != ast.CallKind || step.AsCall().FunctionName() != "_+_" || !isAccu(step.AsCall().Args()[0], c) {
		return nil, nil
	}
	added := step.AsCall().Args()[1]
	if added.Kind() != ast.ListKind || added.AsList().Size() != 1 {
		return nil, nil
	}
	return added.AsList().Elements()[0], &scope{in.checked, c.IterVar(), c.IterRange(), in}
}

// filtered returns the conditions for the filter of x.filter(..) to hold for an element; none for x.map(..).
func (f *finder) filtered(c ast.ComprehensionExpr, in *scope) []condition {
	step := c.LoopStep().AsCall()
	if step.FunctionName() != "_?_:_" {
		return nil
	}
	return f.find(step.Args()[0], true, &scope{in.checked, c.IterVar(), c.IterRange(), in})
}
