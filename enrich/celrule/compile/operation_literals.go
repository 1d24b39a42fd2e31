package compile

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// comparison refuses comparing event.operation with a text that isn't folded, which is never equal.
func (i *inspector) comparison(e ast.Expr) {
	c := e.AsCall()
	if len(c.Args()) != 2 {
		return
	}
	left, right := c.Args()[0], c.Args()[1]
	switch c.FunctionName() {
	case "_==_", "_!=_":
		if i.isOperation(right) {
			left, right = right, left
		}
		if i.isOperation(left) {
			i.folded(right)
		}
	case "@in":
		if !i.isOperation(left) {
			return
		}
		if right.Kind() == ast.ListKind {
			for _, item := range right.AsList().Elements() {
				i.folded(item)
			}
		}
		if name := ListNamed(right); name != "" {
			i.foldedList(right, name)
		}
	}
}

// isOperation reports whether e is event.operation, or a let that is another name of it.
func (i *inspector) isOperation(e ast.Expr) bool {
	return IsField(e, "operation") || e.Kind() == ast.IdentKind && i.aliases[e.AsIdent()].operation
}

const neverEqual = "event.operation is never equal to this: it is in lower case, with plain hyphens and single spaces"

func (i *inspector) folded(e ast.Expr) {
	if s, ok := Literal(e); ok && event.Fold(s) != s {
		i.refuse(e, CodeNever, neverEqual, fmt.Sprintf("write %q", event.Fold(s)))
	}
}

// foldedList is folded for the items of a list: at the item where that has a place in a rule file, for items in a file
// of their own at the use of the list, the first of them only.
func (i *inspector) foldedList(use ast.Expr, name string) {
	declared := i.lists(name)
	if declared == nil {
		return // the type checker complains
	}
	unfolded := func(s string) bool {
		if declared.CaseInsensitive {
			s = strings.ToLower(s)
		}
		return event.Fold(s) != s
	}
	own := slices.Concat(declared.Items, declared.Added)
	for _, item := range own {
		if unfolded(item.Value) {
			p := item.Problem(CodeNever, 0, 0, neverEqual)
			p.Suggestion = fmt.Sprintf("write %q", event.Fold(item.Value))
			i.problems = append(i.problems, p)
		}
	}
	all := declared.Values()
	at := slices.IndexFunc(all, func(s string) bool { return unfolded(s) && !slices.Contains(values(own), s) })
	if at >= 0 {
		i.refuse(use, CodeNever, fmt.Sprintf("the list `%s` has the item %q: %s", name, all[at], neverEqual), fmt.Sprintf("write %q", event.Fold(all[at])))
	}
}

// partOfOperation refuses looking in event.operation for a text that can't be a part of it.
func (i *inspector) partOfOperation(e ast.Expr) {
	c := e.AsCall()
	if !c.IsMemberFunction() || len(c.Args()) != 1 || !i.isOperation(c.Target()) {
		return
	}
	s, ok := Literal(c.Args()[0])
	if !ok {
		return
	}
	before, after := "", "" // what stands around it, as folding takes white space off the ends
	if c.FunctionName() != "startsWith" {
		before = "x"
	}
	if c.FunctionName() != "endsWith" {
		after = "x"
	}
	is := strings.TrimSuffix(strings.TrimPrefix(event.Fold(before+s+after), before), after)
	if is != s {
		i.refuse(c.Args()[0], CodeNever, "no event.operation has this in it: it is in lower case, with plain hyphens and single spaces",
			fmt.Sprintf("write %q", is))
	}
}

// upperInPattern warns of a regular expression that looks for upper case in event.operation. It may still hold, by another branch
// of the expression.
func (i *inspector) upperInPattern(e, pattern ast.Expr, re *syntax.Regexp) {
	c := e.AsCall()
	of := c.Target()
	if !c.IsMemberFunction() {
		of = c.Args()[0]
	}
	if of.Kind() == ast.CallKind && of.AsCall().FunctionName() == ShortFunction {
		of = of.AsCall().Args()[0]
	}
	if !i.isOperation(of) || !hasUpper(re) {
		return
	}
	at, _ := i.source.GetOffsetRange(pattern.ID())
	p := problemAt(i.in, CodeUpper, int(at.Start), "the pattern looks for upper case, and event.operation is in lower case")
	p.Severity = diag.Warning
	p.Suggestion = "write it in lower case"
	i.problems = append(i.problems, p)
}

// hasUpper reports whether the pattern has a literal upper-case letter whose case counts. Classes such as [A-Za-z] may
// name more than there is.
func hasUpper(re *syntax.Regexp) bool {
	if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0 && slices.ContainsFunc(re.Rune, unicode.IsUpper) {
		return true
	}
	return slices.ContainsFunc(re.Sub, hasUpper)
}
